"""Exercises of lesson 2.1, few-shot in context."""

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

EXERCISES = {
    "2.1a": number(
        r"With $\sigma = 0.5$ the model has read one example, $u = 0$ and $y = 1$. "
        "What answer at $u = 0$ has the least mean squared error?",
        stub="guess = ...",
        solution="1 / (1 + 0.5**2)",
        alternatives=["0.8", "4 / 5"],
        wrong_answers=[
            ("1", "That believes the point: least squares. A line this high was rare to begin with."),
            ("0", "That is the answer before any example."),
            ("1 / (1 + 0.5)", "The formula holds the variance of the noise, not its standard deviation."),
            (
                "0.5",
                "The noise is smaller than the spread of the lines: the point deserves more weight than the prior.",
            ),
        ],
        hints=["X is one row, (1, 0), so only a is touched.", "a = y / (1 + sigma^2)."],
        minutes=4,
    ),
    "2.1b": code(
        "Write `shares_words(text, question, n)`: True when `n` words in a row of the question also stand in a row in the "
        "text. Words are what `split()` gives; large and small letters are alike.",
        stub="def shares_words(text, question, n):\n    ...",
        solution=(
            "def shares_words(text, question, n):\n"
            "    def rows(words):\n"
            "        return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}\n"
            "    return bool(rows(text.lower().split()) & rows(question.lower().split()))"
        ),
        cases=[
            ("To be, or not to be, that is the question", "or not to be, he said", 4),
            ("To be, or not to be, that is the question", "be to not or", 2),
            ("sing heavenly\nmuse that on the", "Sing Heavenly Muse that", 4),
            ("a b c", "a b", 3),
            ("another day", "other day", 2),
            ("x y z", "q z", 1),
        ],
        alternatives=[
            "def shares_words(text, question, n):\n"
            "    text, words = ' ' + ' '.join(text.lower().split()) + ' ', question.lower().split()\n"
            "    return any(f\" {' '.join(words[i:i+n])} \" in text for i in range(len(words) - n + 1))"
        ],
        wrong_answers=[
            (
                "def shares_words(text, question, n):\n"
                "    return len(set(text.lower().split()) & set(question.lower().split())) >= n",
                "The words must stand in a row, in the same order.",
            ),
            (
                "def shares_words(text, question, n):\n"
                "    def rows(words):\n"
                "        return {tuple(words[i : i + n]) for i in range(len(words) - n)}\n"
                "    return bool(rows(text.lower().split()) & rows(question.lower().split()))",
                "The last n words make a row too: there are len(words) - n + 1 of them.",
            ),
            (
                "def shares_words(text, question, n):\n"
                "    def rows(words):\n"
                "        return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}\n"
                "    return bool(rows(text.split()) & rows(question.split()))",
                "Large and small letters count as alike.",
            ),
            (
                "def shares_words(text, question, n):\n"
                "    words = question.lower().split()\n"
                "    text = ' '.join(text.lower().split())\n"
                "    return any(' '.join(words[i:i+n]) in text for i in range(len(words) - n + 1))",
                "'other day' stands inside 'another day', but 'other' is not one of its words.",
            ),
        ],
        hints=["Make the set of all rows of n words, for each of the two.", "tuple(words[i : i + n]) is one of them."],
        minutes=8,
    ),
    "2.1c": explain(
        "A colleague tests a model trained on the web of 2021 with a benchmark from 2019, and reports that a few examples "
        "in the prompt raise its score from 60 to 90 %. Name two checks before anyone says that it learns from examples.",
        stub="answer = ...",
        must_mention={
            r"leak|contaminat|overlap|seen|training (text|data|set)|memor|n-gram|13": (
                "The benchmark is older than the model. Where else may it stand?"
            ),
            r"shuffl|swap|wrong|other task|another task|random|control|without|zero|label": (
                "Would examples that cannot help raise the score as well?"
            ),
        },
        solution=(
            "Search the training text for the questions, by words in a row, and report the score on those that cannot have "
            "leaked, such as questions written after 2021. And give examples that cannot help, with answers shuffled or from "
            "another task: if the score rises all the same, it was the format that helped, not the examples."
        ),
        wrong_answers=[
            (
                "Search the training text for the benchmark's questions.",
                "Would examples that cannot help raise the score as well?",
            ),
            (
                "Try it with shuffled answers in the examples.",
                "The benchmark is older than the model. Where else may it stand?",
            ),
            ("Repeat it with a larger model.", "The benchmark is older than the model. Where else may it stand?"),
        ],
        hints=["One check is about the questions, the other about the examples.", "Think of the two controls above."],
        minutes=6,
    ),
    "2.1d": open_ended(
        "Four lines taught a choice, ever new lines a method. Train with 16, 64 and 256 lines, and draw the error on new "
        "lines. Where does the method begin, and does the answer depend on how long you train?",
        stub="what_i_found = ...",
        good_answer=(
            "With 16 lines the error on new lines stays several times that of ridge regression, with 64 it comes near, with "
            "256 one hardly sees a difference: weighing many known lines is almost the same as drawing a new one. Longer "
            "training pulls a model of few lines towards weighing them. A good answer shows both closed forms beside it."
        ),
        hints=[
            "pretrain(np.random.default_rng(1).standard_normal((16, 2))) is taught by 16 lines.",
            "Write the weighing for any set of lines, and draw it beside ridge regression.",
        ],
        minutes=15,
    ),
}

QUIZZES = {
    "2.1q1": Quiz(
        "What is different in the frozen model after the twelfth example, compared with before the first?",
        options=[
            ("Its weights: a little of each example went into them.", "They are frozen: bit for bit the same."),
            (
                "Only what it reads, and so its activations.",
                "Yes. The weights hold a method; the examples are its input.",
            ),
            ("Its learning rate.", "There is none: no gradient is taken."),
            ("Nothing at all, so it cannot have learned.", "Its input differs, and with it every answer."),
        ],
        right="b",
    ),
    "2.1q2": Quiz(
        "A model scores 80 % on a benchmark. You learn that a tenth of its questions stood in the training text. What now?",
        options=[
            ("The score is worthless.", "Nine tenths of the questions are clean: their score can be reported."),
            (
                "A tenth is too little to matter.",
                "If all of it is memory, it is worth up to ten points.",
            ),
            (
                "Report the score on the other nine tenths beside it, and how the leak was searched for.",
                "Yes. And the search can miss some: GPT-3's first one failed on long documents.",
            ),
            (
                "Subtract ten points.",
                "Some of those questions would have been answered anyway, and some leaks help nothing.",
            ),
        ],
        right="c",
    ),
}
