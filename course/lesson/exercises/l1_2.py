"""Exercises of 1.2, one architecture."""

import numpy as np

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

_RNG = np.random.default_rng(0)
_SEQUENCES = [tuple(2 * _RNG.standard_normal((3, length, 3))) for length in (1, 2, 5)]

ATTENTION = """def causal_attention(q, k, v):
    logits = q @ k.T / np.sqrt(q.shape[1])
    logits = np.where(np.tri(len(q), dtype=bool), logits, -np.inf)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v"""

EXERCISES = {
    "1.2a": code(
        "Causal attention with NumPy, for one sequence and one head: `q`, `k` and `v` have a row for each token, $T$ "
        "rows in all; the answer has the shape of `v`. Row $t$ may look at rows 0 to $t$.",
        stub="def causal_attention(q, k, v):\n    return ...",
        solution=ATTENTION,
        alternatives=[
            "def causal_attention(q, k, v):\n"
            "    rows = []\n"
            "    for t in range(len(q)):\n"
            "        e = np.exp(k[: t + 1] @ q[t] / np.sqrt(q.shape[1]))\n"
            "        rows.append(e @ v[: t + 1] / e.sum())\n"
            "    return np.array(rows)",
        ],
        cases=_SEQUENCES,
        wrong_answers=[
            (
                ATTENTION.replace("np.where(np.tri(len(q), dtype=bool), logits, -np.inf)", "logits"),
                "Row t must not look at later rows: set those logits to -inf before the softmax.",
            ),
            (
                ATTENTION.replace(" / np.sqrt(q.shape[1])", ""),
                "The logits are not yet divided by the root of d, the number of columns of q.",
            ),
            (
                ATTENTION.replace("np.sqrt(q.shape[1])", "q.shape[1]"),
                "Divide by the root of d, not by d: it is the standard deviation that should be one.",
            ),
            (
                ATTENTION.replace("np.sqrt(q.shape[1])", "np.sqrt(len(q))"),
                "The root is that of d, the number of columns, not of the number of tokens.",
            ),
            (
                ATTENTION.replace("len(q), dtype", "len(q), k=-1, dtype"),
                "Each token may look at itself too: without it, the first one has nothing to look at.",
            ),
            (
                ATTENTION.replace("np.tri(len(q), dtype=bool)", "np.tri(len(q), dtype=bool).T"),
                "The mask is the wrong way round: this one forbids the past.",
            ),
            (
                ATTENTION.replace("-np.inf", "0"),
                "A logit of 0 still gets a weight. What is forbidden needs a logit of -inf.",
            ),
            (
                ATTENTION.replace("axis=1", "axis=0"),
                "The weights of one query sum to one, so the softmax runs along the keys: axis 1.",
            ),
        ],
        hints=[
            "First q @ k.T / np.sqrt(d): a row for each query, a column for each key.",
            "np.where(np.tri(T, dtype=bool), logits, -np.inf) forbids the future; then softmax along axis 1, then @ v.",
        ],
        minutes=8,
        remark="The models of this lesson do no more than this, many heads at a time.",
    ),
    "1.2b": number(
        "The transformer of 2017 [ATT01] has 6 encoder blocks and 6 decoder blocks of width 512. A decoder block has a "
        "second attention, which looks at the encoder. One matrix, of 37,000 tokens by 512, serves at both ends. How "
        "many parameters is that, biases left out?",
        stub="base_parameters = ...",
        solution="6 * 12 * 512**2 + 6 * (12 + 4) * 512**2 + 37_000 * 512",
        alternatives=["6 * 28 * 512**2 + 37_000 * 512", "6.3e7"],
        wrong_answers=[
            ("12 * 12 * 512**2 + 37_000 * 512", "A decoder block has a second attention: 4 d² more."),
            ("6 * 28 * 512**2", "Those are the blocks. The matrix of the tokens is still missing."),
            ("6 * 28 * 512**2 + 2 * 37_000 * 512", "The matrix of the tokens is shared by both ends: it counts once."),
            ("6 * 12 * 512**2 + 37_000 * 512", "Those are the 6 encoder blocks. There are 6 decoder blocks too."),
            ("6 * 28 * 512 + 37_000 * 512", "The width enters a block squared."),
            ("63.0", "That looks like millions. Give the count itself."),
        ],
        hints=["12 d² for an encoder block: 4 for attention, 8 for the perceptron.", "16 d² for a decoder block."],
        minutes=4,
        remark="About 63 million. The paper prints 65 [ATT01]; its vocabulary of about 37,000 is rounded.",
    ),
    "1.2c": explain(
        "The steps of the films are shuffled, and the transformer is right one time in four. Why can no method "
        "whatever do better, with any amount of data? Think of what is left in the bag.",
        stub="why_a_quarter = ...",
        must_mention={
            r"\brows?\b|offset|place|shift|position": "A shuffled film is a bag of rows. Which rows does it hold?",
            "same|identical|equal|alike|indistinguish|no (difference|information)": (
                "Compare the bags of the four motions with each other."
            ),
        },
        solution="In eight frames each row of the digit comes once to each of its eight places, whichever of the four "
        "motions carries it there. So all four motions leave the same bag of rows, and without order there is nothing "
        "left to tell them apart: one can only guess one of four.",
        wrong_answers=[
            (
                "The transformer is too small to see the motion.",
                "A shuffled film is a bag of rows. Which rows does it hold?",
            ),
            (
                "Every row stands at a random step after shuffling.",
                "Compare the bags of the four motions with each other.",
            ),
        ],
        hints=[
            "At one pixel a frame, to which places does a row come in eight frames? And at three?",
            "Is any row in the bag of one motion that is not in the bag of another?",
        ],
        minutes=5,
    ),
    "1.2d": open_ended(
        "Choose a sixth sense, from your own field if you like. What is a step, what is the question, what is the "
        "simplest method that must be beaten, and what would you destroy to make the effect vanish?",
        stub="sixth_sense = ...",
        good_answer="A sequence whose order could matter; a question with an answer that can be checked; a baseline "
        "that somebody would really use; and a control that keeps the content and takes nothing but the order away.",
        hints=["Chords of a song, base pairs, stock prices, moves of a game: which simple rule is hard to beat there?"],
        minutes=8,
    ),
}

QUIZZES = {
    "1.2q1": Quiz(
        "The logits of a head of width 256 are not divided by anything. What happens, if its queries and keys are "
        "random to begin with?",
        options=[
            (
                "Nothing: the softmax makes the weights sum to one anyway.",
                "They sum to one, but nearly all of it falls on one key, by chance.",
            ),
            (
                "Most weights start near 0 or 1, and little gradient gets through.",
                "Yes. The logits spread by 16, the root of 256: the softmax has made up its mind before it has learnt.",
            ),
            (
                "The gradient explodes.",
                "The other way round: the derivative of the softmax, w (1 - w), goes to zero.",
            ),
            (
                "All weights become equal.",
                "That would be the fate of logits that are too small, not of large ones.",
            ),
        ],
        right="b",
    ),
    "1.2q2": Quiz(
        "On digits, logistic regression beats the transformer. What follows?",
        options=[
            (
                "The transformer uses no order, since the linear model does not either.",
                "It does: with the pixels shuffled it falls to chance. And the linear model has order built in.",
            ),
            (
                "Transformers are unfit for images.",
                "That is more than one small model on 1,297 images can say.",
            ),
            (
                "With few examples and few steps, built-in knowledge of the task can be worth more than generality.",
                "Yes. A weight for each place is such knowledge. Which of the two was too few, this run cannot say.",
            ),
            (
                "There is an error in the code, for attention contains linear models.",
                "What a model can express and what it learns from few examples are two things.",
            ),
        ],
        right="c",
    ),
}
