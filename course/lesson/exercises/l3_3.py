"""Exercises of lesson 3.3, text to image."""

import numpy as np

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

TOLD = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])
UNTOLD = np.array([[0.4, 0.4, 0.2], [0.25, 0.25, 0.5]])

EXERCISES = {
    "3.3a": number(
        "DALL·E cuts a picture of 256 x 256 pixels, three bytes each, down to 32 x 32 codes out of 8,192. How many times "
        "fewer bits are that?",
        stub="times = ...",
        solution="256 * 256 * 3 * 8 / (32 * 32 * np.log2(8192))",
        alternatives=["118.15", "1_572_864 / 13_312"],
        wrong_answers=[
            ("256 * 256 * 3 / (32 * 32)", "Count bits on both sides: a byte has 8, a code out of 8,192 has 13."),
            ("256 * 256 * 3 / (32 * 32 * 13)", "Bytes over bits: a byte is 8 bits."),
            ("256 * 256 * 3 * 8 / (32 * 32 * 8192)", "Which of 8,192 takes log2(8192) bits, not 8,192."),
            ("256 * 256 * 8 / (32 * 32 * 13)", "Three bytes a pixel: red, green and blue."),
        ],
        hints=["One code out of 8,192 = 2^13 takes 13 bits.", "Bits of the pixels over bits of the codes."],
        minutes=4,
    ),
    "3.3b": code(
        "Write `guided(told, untold, guidance, least)`: from the probabilities of the next code told the words and not told "
        "them, each (n, codes), the guided probabilities within the limit: untold times (told / untold) to the power of the "
        "guidance; 0 for codes whose told probability is below `least` times the largest in its row; each row summing to 1.",
        stub="def guided(told, untold, guidance, least):\n    ...",
        solution=(
            "def guided(told, untold, guidance, least):\n"
            "    p = untold * (told / untold) ** guidance\n"
            "    p = np.where(told >= least * told.max(axis=1, keepdims=True), p, 0)\n"
            "    return p / p.sum(axis=1, keepdims=True)"
        ),
        cases=[
            (TOLD, UNTOLD, 3, 0.25),
            (TOLD, UNTOLD, 1, 0.0),
            (TOLD[:1], UNTOLD[:1], 0, 0.2),
            (TOLD, UNTOLD[::-1], 2.5, 0.6),
        ],
        alternatives=[
            "def guided(told, untold, guidance, least):\n"
            "    logits = np.log(untold) + guidance * (np.log(told) - np.log(untold))\n"
            "    logits[told < least * told.max(axis=1)[:, None]] = -np.inf\n"
            "    logits -= logits.max(axis=1, keepdims=True)\n"
            "    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)"
        ],
        wrong_answers=[
            (
                "def guided(told, untold, guidance, least):\n"
                "    p = untold * (told / untold) ** guidance\n"
                "    return np.where(told >= least * told.max(axis=1, keepdims=True), p, 0)",
                "Each row has to sum to 1: divide by its sum.",
            ),
            (
                "def guided(told, untold, guidance, least):\n"
                "    p = untold * (told / untold) ** guidance\n"
                "    return p / p.sum(axis=1, keepdims=True)",
                "The limit is missing: codes that are hardly possible, told the words, get 0.",
            ),
            (
                "def guided(told, untold, guidance, least):\n"
                "    p = untold * (told / untold) ** guidance\n"
                "    p = np.where(p >= least * p.max(axis=1, keepdims=True), p, 0)\n"
                "    return p / p.sum(axis=1, keepdims=True)",
                "The limit looks at what is likely before guidance, told the words.",
            ),
            (
                "def guided(told, untold, guidance, least):\n"
                "    p = told * (told / untold) ** guidance\n"
                "    p = np.where(told >= least * told.max(axis=1, keepdims=True), p, 0)\n"
                "    return p / p.sum(axis=1, keepdims=True)",
                "At guidance 1 it must give what it was told: begin with untold.",
            ),
        ],
        hints=[
            "(told / untold) ** guidance is how much each code speaks for the words.",
            "np.where(allowed, p, 0), and then divide by the sum of each row.",
        ],
        minutes=8,
    ),
    "3.3c": explain(
        "CLIP picks the best of many pictures. Why must it not also be the judge of whether picking helps? Say what would "
        "happen if it were, and what a good judge needs.",
        stub="answer = ...",
        must_mention={
            r"\b(own|itself|by construction|circular|guaranteed|maximum|largest|highest|best of its|always (wins?|better|above|higher)|"
            r"above (the|its|their) (average|mean))\b": "What score has the picture that CLIP likes best, judged by CLIP?",
            r"\b(independent|separate|human|people|trained (apart|separately|on other)|(another|different|other) "
            r"(judge|network|model|one|data))\b": "What would you want of another judge?",
        },
        solution=(
            "Judged by CLIP itself the picked picture wins by construction, even if CLIP's taste has nothing to do with the "
            "words. A good judge is independent: another network or people, whose errors are not CLIP's own."
        ),
        alternatives=[
            "The maximum of its own scores is always above their average, so it would prove nothing. One needs a separate judge.",
        ],
        wrong_answers=[
            (
                "It is too small a network to judge pictures.",
                "What score has the picture that CLIP likes best, judged by CLIP?",
            ),
            ("CLIP would always like what it has picked itself.", "What would you want of another judge?"),
        ],
        hints=[
            "Take random scores: what is the largest of eight, compared with their mean?",
            "Whose mistakes should the judge not share?",
        ],
        minutes=5,
    ),
    "3.3d": open_ended(
        'Ask the painter for something that has no emoji ("green heart with wings", "purple fish", a word it does not '
        "know), eight pictures at guidance 1, 3 and 8. Guess first what it will do with each word. Which words does it obey?",
        stub="what_i_found = ...",
        good_answer=(
            "A good answer names the words and the counts (how many of eight show the colour, how many the thing), for more than "
            "one guidance and more than one seed, compares with a caption in which one word is changed, and says which words are "
            "not in `imagine.vocabulary()` and so are not read at all."
        ),
        hints=[
            "`imagine.paint(painter, tokeniser, [text] * 8, guidance=3, seed=1)[0]` is eight pictures.",
            "Colours it has met with hearts, squares, circles and books.",
        ],
        minutes=15,
    ),
}

QUIZZES = {
    "3.3q1": Quiz(
        "A codebook of 512 codes has a perplexity of 20 on a thousand pictures. What has happened?",
        options=[
            (
                "The codes are spread as widely as 20 equally frequent ones would be.",
                "Yes. Whether the others are dead or only rare it does not say.",
            ),
            (
                "The pictures are described especially well.",
                "Fewer codes in use describe worse, at the same number of bits.",
            ),
            (
                "492 codes are never used at all.",
                "It may be so, but rare ones lower the perplexity, too: it weighs, it does not count.",
            ),
            (
                "The encoder is unsure which code to take.",
                "The nearest code is taken, whatever its distance: nothing is drawn at random.",
            ),
        ],
        right="a",
    ),
    "3.3q2": Quiz(
        "Guidance 0 with a scene that is given. What does the painter draw?",
        options=[
            (
                "What the words say, in any place.",
                "At 0 the logits are those of the painter that was not told the words.",
            ),
            (
                "Something in the places of the scene, whatever the words say.",
                "Yes: the scene is not a word. Both answers are told it.",
            ),
            ("Noise: all logits are 0.", "They are those without words, which know well what emoji look like."),
            (
                "What the words say, in the places of the scene, but less clearly.",
                "At 0 nothing of the words is left, not even a little.",
            ),
        ],
        right="b",
    ),
}
