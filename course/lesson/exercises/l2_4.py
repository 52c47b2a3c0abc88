"""Exercises of lesson 2.4, black-box tuning."""

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

EXERCISES = {
    "2.4a": number(
        r"The numbers of a model's vectors have standard deviation 0.05. You search in $d = 400$ dimensions, with "
        r"$z \sim \mathcal{N}(0, I)$. What standard deviation should the entries of $A$ have?",
        stub="deviation = ...",
        solution="0.05 / 400**0.5",
        alternatives=["0.0025", "0.05 / 20"],
        wrong_answers=[
            ("0.05 / 400", "Variances add up, not standard deviations: the sum of d terms is wider by the root of d."),
            ("0.05", "Then each number of A z would be a sum of 400 such terms: 20 times too wide."),
            ("0.05**2 / 400", "That is the variance. The question is for its root."),
            ("0.05 * 20", "More directions add up to more: each must be shorter, not longer."),
        ],
        hints=["Var((A z)_i) = d Var(A_ij).", "Set d Var(A_ij) = 0.05^2 and take the root."],
        minutes=4,
    ),
    "2.4b": code(
        "CMA-ES moves its mean to a weighted mean of the best `mu` candidates: the i-th best, i from 1 to mu, has a "
        "weight proportional to ln(mu + 1/2) - ln(i), and the weights sum to one. Write `new_mean(candidates, losses, mu)`.",
        stub="def new_mean(candidates, losses, mu):\n    ...",
        solution=(
            "def new_mean(candidates, losses, mu):\n"
            "    best = np.array(candidates, dtype=float)[np.argsort(losses)[:mu]]\n"
            "    weights = np.log(mu + 0.5) - np.log(np.arange(1, mu + 1))\n"
            "    return (weights / weights.sum() @ best).tolist()"
        ),
        cases=[
            ([[0, 0], [1, 0], [0, 2], [3, 3]], [4.0, 1.0, 2.0, 3.0], 2),
            ([[1, 5], [2, 6]], [0.5, 0.1], 1),
            ([[0], [10], [20], [30], [40]], [3, 5, 1, 2, 4], 3),
        ],
        alternatives=[
            "def new_mean(candidates, losses, mu):\n"
            "    order = sorted(range(len(losses)), key=lambda k: losses[k])[:mu]\n"
            "    weights = [np.log(mu + 0.5) - np.log(i + 1) for i in range(mu)]\n"
            "    total = sum(weights)\n"
            "    return [sum(w * candidates[k][j] for w, k in zip(weights, order)) / total\n"
            "            for j in range(len(candidates[0]))]"
        ],
        wrong_answers=[
            (
                "def new_mean(candidates, losses, mu):\n"
                "    best = np.array(candidates, dtype=float)[np.argsort(losses)[:mu]]\n"
                "    return best.mean(axis=0).tolist()",
                "The best one counts most: weight them.",
            ),
            (
                "def new_mean(candidates, losses, mu):\n"
                "    best = np.array(candidates, dtype=float)[np.argsort(losses)[-mu:]]\n"
                "    weights = np.log(mu + 0.5) - np.log(np.arange(1, mu + 1))\n"
                "    return (weights / weights.sum() @ best).tolist()",
                "A loss: the smallest is the best.",
            ),
            (
                "def new_mean(candidates, losses, mu):\n"
                "    best = np.array(candidates, dtype=float)[np.argsort(losses)[:mu]]\n"
                "    weights = np.log(mu + 0.5) - np.log(np.arange(1, mu + 1))\n"
                "    return (weights @ best).tolist()",
                "The weights must sum to one.",
            ),
            (
                "def new_mean(candidates, losses, mu):\n"
                "    best = np.array(candidates, dtype=float)[:mu]\n"
                "    weights = np.log(mu + 0.5) - np.log(np.arange(1, mu + 1))\n"
                "    return (weights / weights.sum() @ best).tolist()",
                "Sort by loss first.",
            ),
        ],
        hints=[
            "np.argsort(losses) gives the order, best first.",
            "weights / weights.sum() @ best is the weighted mean.",
        ],
        minutes=8,
    ),
    "2.4c": explain(
        "A service answers with its most likely label only: no scores. You want to tune a prompt for it with 16 labelled examples, "
        "and you minimise the number of wrong answers. What goes wrong with the search at first, and what can you do?",
        stub="why = ...",
        must_mention={
            r"tie|flat|plateau|same (score|number|count|loss|rank)|equal|all alike|discrete|coarse|no (order|ranking)": (
                "How many different values can the number of wrong answers take? What does a strategy that ranks see?"
            ),
            r"more (examples|data|texts)|larger|bigger|wider|sigma|population|start|noise|repeat|several|average|many": (
                "What would make two candidates differ in what you count?"
            ),
        },
        solution=(
            "The count takes one of 17 values, and most candidates near the start get the same: they tie, and ranking "
            "tells nothing. More examples make the count finer, wider steps make candidates differ, and a "
            "good prompt of text to start from avoids the plateau."
        ),
        wrong_answers=[
            (
                "It is slow, so use more examples.",
                "How many different values can the number of wrong answers take? What does a strategy that ranks see?",
            ),
            (
                "The search must take larger steps.",
                "How many different values can the number of wrong answers take? What does a strategy that ranks see?",
            ),
            ("Most of the candidates will tie.", "What would make two candidates differ in what you count?"),
            (
                "Ask the service for its gradient instead.",
                "How many different values can the number of wrong answers take? What does a strategy that ranks see?",
            ),
        ],
        hints=["Think of twenty candidates close to each other.", "CMA-ES uses the order of their scores alone."],
        minutes=6,
    ),
    "2.4d": open_ended(
        "Tune with one passage instead of sixteen: by the search, and by the gradient. What does each take off the loss of "
        "that passage, and what of the others? What does it say about the paper, whose search beat the gradient?",
        stub="what_i_found = ...",
        good_answer=(
            "The gradient takes off most of the one passage's loss that can be, and keeps less than a third of it on the others; "
            "the search takes off less and keeps about half. So the search comes nearer to the gradient, from about two "
            "fifths of its gain with sixteen passages to about two thirds with one. With few examples a weak optimiser is a "
            "protection, and the paper had few. A good answer repeats it with several passages."
        ),
        hints=[
            "Set SHOTS = SHOTS[:1] after they are drawn, and run the cells below again.",
            "call(prompt) judges on the passage itself, on_others(prompt) on others.",
        ],
        minutes=15,
    ),
}

QUIZZES = {
    "2.4q1": Quiz(
        "What does CMA-ES use in place of a gradient?",
        options=[
            ("Gradients of fewer numbers.", "It gets none."),
            (
                "Scores of many prompts, of which it uses only the order.",
                "Yes: twenty calls to move the mean once.",
            ),
            ("The model's hidden states.", "The service keeps them to itself."),
            ("The texts' tokens.", "It sends those itself."),
        ],
        right="b",
    ),
    "2.4q2": Quiz(
        "Why is P = P0 + A z searched in z and not P itself?",
        options=[
            ("Because the service only takes z.", "The service takes P; it never hears of z."),
            (
                "Because the strategy keeps a matrix of d x d numbers, which grows too large for all numbers of a long prompt.",
                "Yes. For a short prompt like ours one can search all of them, and here that was better.",
            ),
            ("Because A is trained to point at good prompts.", "A is drawn at random, once."),
            ("Because z is the text of the prompt.", "z is a list of numbers, with no text to it."),
        ],
        right="b",
    ),
}
