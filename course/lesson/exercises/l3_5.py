"""Exercises of lesson 3.5, one network, every sense."""

import numpy as np

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

EXERCISES = {
    "3.5a": number(
        "A Perceiver IO reads 50,000 inputs with 512 latents, thinks for 8 layers, and answers 1,000 queries. How many "
        "million pairs of query and key are that?",
        stub="pairs = ...",
        solution="(50_000 + 8 * 512 + 1_000) * 512 / 1e6",
        alternatives=["28.21", "50_000 * 512 / 1e6 + 8 * 512**2 / 1e6 + 1_000 * 512 / 1e6"],
        wrong_answers=[
            ("50_000**2 / 1e6", "That is every input asking every input. Here only the latents ask them."),
            ("(50_000 + 512 + 1_000) * 512 / 1e6", "Each of the 8 layers has pairs of its own."),
            ("(50_000 + 8 * 512) * 512 / 1e6", "The queries ask the latents, too."),
            ("(50_000 + 8 * 512 + 1_000) * 512", "In millions."),
        ],
        hints=["Reading M N, thinking L N^2, answering O N.", "(M + L N + O) N."],
        minutes=4,
    ),
    "3.5b": code(
        "Write `fourier(p, bands)`: for an array of n coordinates from -1 to 1, the array of shape (n, 1 + 2 bands) that "
        "holds p, then sin(pi f p) for f = 1 ... bands, then cos(pi f p) for the same f.",
        stub="def fourier(p, bands):\n    ...",
        solution=(
            "def fourier(p, bands):\n"
            "    p = np.asarray(p, dtype=float)[:, None]\n"
            "    angles = np.pi * p * np.arange(1, bands + 1)\n"
            "    return np.concatenate([p, np.sin(angles), np.cos(angles)], axis=1)"
        ),
        cases=[
            (np.array([0.0, 0.25, -0.5]), 2),
            (np.array([-0.875, 0.3]), 4),
            (np.array([0.1]), 1),
        ],
        alternatives=[
            "def fourier(p, bands):\n"
            "    rows = []\n"
            "    for x in p:\n"
            "        waves = [f(np.pi * k * x) for f in (np.sin, np.cos) for k in range(1, bands + 1)]\n"
            "        rows.append([x, *waves])\n"
            "    return np.array(rows)"
        ],
        wrong_answers=[
            (
                "def fourier(p, bands):\n"
                "    p = np.asarray(p, dtype=float)[:, None]\n"
                "    angles = np.pi * p * np.arange(bands)\n"
                "    return np.concatenate([p, np.sin(angles), np.cos(angles)], axis=1)",
                "Frequency 0 tells nothing: count from 1.",
            ),
            (
                "def fourier(p, bands):\n"
                "    p = np.asarray(p, dtype=float)[:, None]\n"
                "    angles = 2 * np.pi * p * np.arange(1, bands + 1)\n"
                "    return np.concatenate([p, np.sin(angles), np.cos(angles)], axis=1)",
                "The angle is pi f p: from -1 to 1 the first wave runs once round, with 2 pi twice.",
            ),
            (
                "def fourier(p, bands):\n"
                "    p = np.asarray(p, dtype=float)[:, None]\n"
                "    angles = np.pi * p * np.arange(1, bands + 1)\n"
                "    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)",
                "The coordinate itself stands in front.",
            ),
        ],
        hints=[
            "p[:, None] * np.arange(1, bands + 1) has a row for each coordinate.",
            "Join the three parts along axis 1.",
        ],
        minutes=8,
    ),
    "3.5c": explain(
        "The bytes of each name are exchanged at random, and the network tells the language as well as before. What does "
        "it use, and what does it not use? And why is its score alone no evidence for that?",
        stub="answer = ...",
        must_mention={
            r"\b(bag|counts?|frequenc\w+|how (often|many)|which (letters|bytes|characters)|occur\w*|letters themselves|histogram)\b": (
                "What is still there when letters are exchanged?"
            ),
            r"\b(order|sequence|positions?|places?|neighbou?rs?|arrangement)\b": "And what is gone?",
            r"\b(control|simpler|rival|either way|same score|both|without (it|order|them)|letter counts|also reach\w*|could be reached)\b": (
                "What else could reach the same score?"
            ),
        },
        solution=(
            "It uses which letters occur and how often, a bag of letters, and not their order. The same score can be reached "
            "either way, with order or without; only the control, in which order is destroyed, tells the two apart."
        ),
        alternatives=[
            "Only the letter frequencies count; the sequence is ignored. A simpler bag-of-letters model gets the same score.",
        ],
        wrong_answers=[
            ("It has understood how each language is spelt.", "What is still there when letters are exchanged?"),
            ("It uses which letters occur in the name.", "And what is gone?"),
            ("It counts letters and does not look at their order.", "What else could reach the same score?"),
        ],
        hints=[
            "A set of letters stays the same set.",
            "Think of two networks, one that reads order and one that does not.",
        ],
        minutes=6,
    ),
    "3.5d": open_ended(
        "Train one set of weights for all five senses: let each batch come from another sense in turn, 200 steps of each, "
        "1,000 in all. Guess first: which sense will lose most against a network of its own?",
        stub="what_i_found = ...",
        good_answer=(
            "A good answer gives the percent right of the shared network and of the five, for each sense, with a second seed, and "
            "says which differences are larger than those between seeds. The shared answers 0 to 9 mean something else in each "
            "sense: nothing but the inputs says which it is."
        ),
        hints=[
            "`streams = [perception.batches(sense.train, BATCH, seed()) for sense in data.values()]`, and a generator that "
            "yields next(stream) of each in turn.",
            "The compiled step serves it as it is: give `fit` 1,000 learning rates.",
        ],
        minutes=15,
    ),
}

QUIZZES = {
    "3.5q1": Quiz(
        "Twice the inputs, the same 16 latents. What doubles?",
        options=[
            ("The work of reading.", "Yes: M N pairs. What the latents do among themselves stays as it is."),
            ("The work of the layers in between.", "They see the latents only, N^2 pairs a layer, whatever was read."),
            ("The number of weights.", "The matrices are applied to each input alike; there are no more of them."),
            ("All work, fourfold even.", "That is every input asking every input."),
        ],
        right="a",
    ),
    "3.5q2": Quiz(
        "A network answers queries at 64 x 64 places, though it was trained at 16 x 16 only. What do the answers between show?",
        options=[
            ("Detail that the small picture had lost.", "It cannot know it: nothing in the training asked for it."),
            (
                "Something that it makes up between the places that it knows.",
                "Yes. That the query allows any place does not mean that there is anything to be known.",
            ),
            ("Nothing: such queries raise an error.", "A place code can be made for every place."),
            ("The mean colour of the picture.", "Near a pixel the answer is close to that pixel's."),
        ],
        right="b",
    ),
}
