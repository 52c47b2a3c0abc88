"""Exercises of lesson 3.2, a hundred languages."""

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

EXERCISES = {
    "3.2a": code(
        "The other half of byte-pair encoding, how a vocabulary is learned: write `next_union(words)`. `words` is a list of "
        "words, each a list of tokens. Return the two neighbours, as a tuple, that stand together most often in all words; of "
        "several, the one that comes first in sorted order; None if no word has two tokens.",
        stub="def next_union(words):\n    ...",
        solution=(
            "def next_union(words):\n"
            "    counts = {}\n"
            "    for word in words:\n"
            "        for pair in zip(word, word[1:]):\n"
            "            counts[pair] = counts.get(pair, 0) + 1\n"
            "    return min(counts, key=lambda pair: (-counts[pair], pair), default=None)"
        ),
        cases=[
            ([["l", "o", "w"], ["l", "o", "w", "e", "r"], ["n", "e", "w"]],),
            ([["b", "a"], ["a", "b"], ["c"]],),
            ([["lo", "w"], ["lo", "w", "e"], ["e", "r", "e", "r"], ["e", "r"]],),
            ([["t", "h"], ["e", "t"], ["h", "e"], ["h", "e"]],),
            ([["a", "a", "a"], ["b", "c"]],),
            ([["x", "e", "r"], ["y", "e", "r"]],),
            ([["a"], []],),
            ([],),
        ],
        alternatives=[
            "def next_union(words):\n"
            "    pairs = sorted((word[i], word[i + 1]) for word in words for i in range(len(word) - 1))\n"
            "    return max(pairs, key=pairs.count) if pairs else None"
        ],
        wrong_answers=[
            (
                "def next_union(words):\n"
                "    tokens = [token for word in words for token in word]\n"
                "    pairs = sorted(zip(tokens, tokens[1:]))\n"
                "    return max(pairs, key=pairs.count) if pairs else None",
                "Neighbours stand in one word: no union crosses from a word to the next.",
            ),
            (
                "def next_union(words):\n"
                "    pairs = sorted((word[i], word[i + 1]) for word in words for i in range(len(word) - 1))\n"
                "    return max(reversed(pairs), key=pairs.count) if pairs else None",
                "Of several that are equally frequent, the first in sorted order is asked for.",
            ),
            (
                "def next_union(words):\n"
                "    pairs = [(word[0], word[1]) for word in words if len(word) > 1]\n"
                "    return max(sorted(pairs), key=pairs.count) if pairs else None",
                "Count every two neighbours of a word, not only its first two tokens.",
            ),
        ],
        hints=[
            "zip(word, word[1:]) gives the neighbours of one word.",
            "min() with the key (-count, pair) takes the most frequent, and of those the first in order.",
        ],
        minutes=10,
    ),
    "3.2b": number(
        "With a dictionary for every two languages, how many would 75 languages need? (With pictures, each language needs only "
        "its own names.)",
        stub="dictionaries = ...",
        solution="75 * 74 // 2",
        alternatives=["2775", "sum(range(75))"],
        wrong_answers=[
            ("75 * 74", "That counts Swahili-Thai and Thai-Swahili as two."),
            ("75 ** 2", "No language needs a dictionary with itself."),
            ("75", "That is what a language in the middle needs: one for each language."),
        ],
        hints=["Each of 75 languages has 74 others.", "Every pair is counted twice that way."],
        minutes=2,
    ),
    "3.2c": explain(
        "The zoo's reader read neither Galician nor Korean. Why can it read much of the one, and nothing of the other?",
        stub="why = ...",
        must_mention={
            r"\b(portuguese|spanish|catalan|relatives?|related|similar|neighbou?r\w*|romance|sister)\b": (
                "Whose words are Galician's like?"
            ),
            r"\b(n-?grams?|letters?|script|alphabet|spell\w*|spelt|written|characters?|hangul|pieces|runs)\b": (
                "What of a word does the reader look up?"
            ),
        },
        solution=(
            "The reader looks up runs of letters. Galician words share many of theirs with Portuguese and Spanish, which it read; "
            "Korean letters were in no name that it read, so the rows on which they fall belong to other languages' pieces."
        ),
        alternatives=[
            "Galician is spelled much as Portuguese, so its n-grams are known; Hangul's are not.",
            "Related languages share spellings: the Galician word has the same pieces as the Spanish one.",
        ],
        wrong_answers=[
            ("Galician is related to Portuguese.", "What of a word does the reader look up?"),
            ("Its letters were read before.", "Whose words are Galician's like?"),
            ("The pictures are the same for all.", "Whose words are Galician's like?"),
        ],
        hints=["Compare the word for fox: raposo, in Portuguese raposa.", "And what does the reader know of 여우?"],
        minutes=5,
    ),
    "3.2d": open_ended(
        "Some words look alike and mean different things: German Gift is poison, Swedish barn is children, Indonesian air is "
        "water. Type such words, or others that you know, into `gallery`, alone and together with a word of their language. "
        "Guess first: whose meaning wins?",
        stub="what_i_found = ...",
        good_answer=(
            "A good answer names three or more words, says for each whose meaning the pictures show, and gives a reason: "
            "the reader isn't told which language it reads, so a spelling has one vector, pulled by every language that uses it; "
            "what stands beside it adds its own vector, but does not choose between meanings."
        ),
        hints=[
            "`load_emoji().names` is a dictionary of languages: look for the same spelling at different places.",
            "Try the word alone, then with a second word of the same language.",
        ],
        minutes=15,
    ),
}

QUIZZES = {
    "3.2q1": Quiz(
        "In the control each language had the drawings in an order of its own. What does its reader know nevertheless?",
        options=[
            (
                "Nothing: it cannot learn.",
                "It can: within a language every name always stood beside the same, wrong pictures.",
            ),
            (
                "For each language, which wrong picture belongs to a name.",
                "Yes. It is wrong in sixteen different ways, so names of one thing do not meet.",
            ),
            (
                "Which names of two languages belong together.",
                "They stood beside different pictures, and so they do not meet.",
            ),
            (
                "The right pictures, since most orders are alike.",
                "An order by lot leaves hardly any name in its place.",
            ),
        ],
        right="b",
    ),
    "3.2q2": Quiz(
        "GPT-4o's vocabulary is four times as large as GPT-3's. Why does Georgian gain so much more by it than English?",
        options=[
            ("Georgian has become shorter.", "The texts are the same."),
            (
                "Common English words were single tokens before; Georgian was cut into bytes, and now its words have tokens.",
                "Yes. There is little left to join in English.",
            ),
            ("Tokens are now letters.", "They are still joined bytes."),
            ("English has lost tokens.", "It needs about as many as before."),
        ],
        right="b",
    ),
}
