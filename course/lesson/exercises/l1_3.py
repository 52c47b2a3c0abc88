"""Exercises of lesson 1.3, scaling laws."""

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

EXERCISES = {
    "1.3a": number(
        r"A model with 1.5 billion parameters (GPT-2's size) is trained on 20 tokens per parameter. "
        "How many floating-point operations does that cost?",
        stub="training_flops = ...",
        solution="6 * 1.5e9 * 20 * 1.5e9",
        alternatives=["2.7e20", "120 * 1.5e9**2"],
        wrong_answers=[
            ("6 * 1.5e9 * 20", "Twenty tokens for each parameter: D is 20 times N."),
            ("1.5e9 * 20 * 1.5e9", "Every weight and token costs six operations, not one."),
            ("2 * 1.5e9 * 20 * 1.5e9", "Two is the forward pass alone. The backward pass costs twice as much again."),
            ("6 * 1.5e9 * 1.5e9", "That is one token per parameter."),
        ],
        hints=["First find D, the number of tokens, then use C = 6 N D.", "D = 20 * 1.5e9."],
        minutes=3,
    ),
    "1.3b": code(
        r"Write `best_size(C, A, B, alpha, beta)`: the number of parameters $N$ of lowest loss "
        r"$E + A/N^\alpha + B/D^\beta$ when $6ND = C$. Put $D = C/6N$ into the law, set the derivative to zero, "
        r"and solve for $N$.",
        stub="def best_size(C, A, B, alpha, beta):\n    ...",
        solution=(
            "def best_size(C, A, B, alpha, beta):\n"
            "    G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))\n"
            "    return G * (C / 6) ** (beta / (alpha + beta))"
        ),
        cases=[(1e21, 406.4, 410.7, 0.34, 0.28), (5.76e23, 482.0, 2085.4, 0.3478, 0.3658), (6.0, 2.0, 3.0, 0.5, 0.25)],
        alternatives=[
            "def best_size(C, A, B, alpha, beta):\n"
            "    from math import exp, log\n"
            "    return exp((log(alpha * A) - log(beta * B) + beta * log(C / 6)) / (alpha + beta))"
        ],
        wrong_answers=[
            (
                "def best_size(C, A, B, alpha, beta):\n"
                "    G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))\n"
                "    return G * (C / 6) ** (alpha / (alpha + beta))",
                "That is the exponent of D. A steep data term leaves more of the compute to N.",
            ),
            (
                "def best_size(C, A, B, alpha, beta):\n"
                "    G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))\n"
                "    return G * C ** (beta / (alpha + beta))",
                "The compute is 6 N D: the six is missing.",
            ),
            (
                "def best_size(C, A, B, alpha, beta):\n"
                "    G = (A / B) ** (1 / (alpha + beta))\n"
                "    return G * (C / 6) ** (beta / (alpha + beta))",
                "The derivative of N^-alpha brings down a factor alpha, that of D^-beta a factor beta.",
            ),
            (
                "def best_size(C, A, B, alpha, beta):\n    return (C / 6) ** 0.5",
                "Half of the compute each, on a log scale, is right only when A = B and alpha = beta.",
            ),
        ],
        hints=[
            "d/dN of A N^-alpha is -alpha A N^(-alpha-1). The other term grows with N.",
            "At the minimum alpha A N^-alpha = beta B D^-beta.",
        ],
        minutes=12,
    ),
    "1.3c": explain(
        "A colleague fits the law to five checkpoints of *one* long run whose learning rate followed a cosine to its end, "
        "and reports that data matters more than anyone thought. What is wrong with the fit? Name two things.",
        stub="answer = ...",
        must_mention={
            r"schedul|learning rate|cosine|decay|anneal|cool": "Look at the learning rate at the first four checkpoints.",
            r"independen|same run|one run|one model|one size|single|correlat|only one|size": (
                "Five points of one run: what varies between them, and what does not?"
            ),
        },
        solution=(
            "The first four checkpoints were read before the learning rate had decayed, so their losses are too high for "
            "their budgets: the curve's shape is that of the schedule. And all points share one run of one size: they are not "
            "independent, and with a single N the constants A and alpha are not determined at all."
        ),
        wrong_answers=[
            (
                "The learning rate had not decayed at the first checkpoints.",
                "Five points of one run: what varies between them, and what does not?",
            ),
            (
                "All the points come from the same run and one size.",
                "Look at the learning rate at the first four checkpoints.",
            ),
            (
                "Five points are too few to fit anything well at all.",
                "Look at the learning rate at the first four checkpoints.",
            ),
        ],
        hints=["Think of the dotted lines in the live figure.", "How many different N are in the data?"],
        minutes=6,
    ),
    "1.3d": open_ended(
        "Change the experiment: double the batch, or the depth, or take your own text with `load_text(path)`. "
        "Which of the five constants do you expect to move, and did it?",
        stub="what_i_found = ...",
        good_answer=(
            "Another text moves E most, for E is the entropy of the text. Another batch at equal tokens means fewer steps and "
            "moves B. A good answer says what was expected first, and compares with the spread over seeds."
        ),
        hints=["Say what you expect before you run it.", "Run more than one seed before you believe a difference."],
        minutes=15,
    ),
}

QUIZZES = {
    "1.3q1": Quiz(
        "Two models reach the same loss. One has twice the parameters. Which was cheaper to train?",
        options=[
            ("The smaller one.", "Only if it did not need more than twice the tokens to get there."),
            ("The larger one.", "It may have needed far fewer tokens, or not. The sizes alone do not say."),
            (
                "One needs the tokens of both.",
                "Yes. Cost is 6 N D: a small model trained long can cost more than a large one trained briefly.",
            ),
            ("Equal loss means equal compute.", "Only the best pairs of N and D share a cost; all others waste some."),
        ],
        right="c",
    ),
    "1.3q2": Quiz(
        "Why does the fit compare logarithms of losses and clip large residuals?",
        options=[
            (
                "So that one bad run, or the high losses of small ones, do not decide the fit.",
                "Yes. Relative errors count alike at every scale, and Huber's loss pulls only linearly.",
            ),
            (
                "To make the problem convex.",
                "It is not convex either way: that is why the fit starts from many points.",
            ),
            ("Because losses are measured in nats.", "The unit only rescales E, A and B."),
            ("To make the optimiser faster.", "Clipping makes it slower: far away the objective has little curvature."),
        ],
        right="a",
    ),
}
