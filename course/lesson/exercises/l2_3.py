"""Exercises of lesson 2.3, visual prompt tuning."""

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

EXERCISES = {
    "2.3a": number(
        "ViT-L has 24 layers of width 1,024. How many numbers are 10 prompts before every layer and a linear head for 100 "
        "answers, without biases, together?",
        stub="numbers = ...",
        solution="24 * 10 * 1024 + 1024 * 100",
        alternatives=["348160", "245760 + 102400"],
        wrong_answers=[
            ("10 * 1024 + 1024 * 100", "That is VPT-shallow: deep prompts are new before every layer."),
            ("24 * 10 * 1024", "The head is trained, too."),
            ("24 * 10 + 1024 * 100", "Each prompt is a vector, as wide as the layer."),
        ],
        hints=["Deep prompts: layers times prompts times width.", "A head: width times answers."],
        minutes=4,
    ),
    "2.3b": code(
        "Two ways were tried on several tasks with the same draws of pictures. Write `clear_wins(ours, theirs)`: on how many "
        "tasks ours is ahead by more than two standard errors. Rows are tasks, columns are draws; the standard error is that "
        "of the mean difference, with n - 1 in the variance.",
        stub="def clear_wins(ours, theirs):\n    ...",
        solution=(
            "def clear_wins(ours, theirs):\n"
            "    ahead = np.array(ours, dtype=float) - np.array(theirs, dtype=float)\n"
            "    error = ahead.std(axis=1, ddof=1) / np.sqrt(ahead.shape[1])\n"
            "    return int((ahead.mean(axis=1) > 2 * error).sum())"
        ),
        cases=[
            ([[50, 52, 51], [60, 40, 50]], [[40, 41, 42], [45, 42, 44]]),
            ([[1, 2, 3, 4]], [[1, 2, 3, 4]]),
            ([[50, 51, 52, 53, 54]], [[50, 50, 50, 50, 50]]),
            ([[49, 50, 53, 53, 53]], [[50, 50, 50, 50, 50]]),
            (
                [[70, 71, 90, 72, 71], [30, 33, 35, 31, 32], [80, 82, 81, 83, 79]],
                [[68, 70, 69, 71, 70], [29, 30, 33, 30, 30], [85, 84, 86, 88, 83]],
            ),
        ],
        alternatives=[
            "def clear_wins(ours, theirs):\n"
            "    count = 0\n"
            "    for a, b in zip(ours, theirs):\n"
            "        d = [x - y for x, y in zip(a, b)]\n"
            "        mean = sum(d) / len(d)\n"
            "        variance = sum((x - mean) ** 2 for x in d) / (len(d) - 1)\n"
            "        count += mean > 2 * (variance / len(d)) ** 0.5\n"
            "    return count"
        ],
        wrong_answers=[
            (
                "def clear_wins(ours, theirs):\n    return int((np.mean(ours, axis=1) > np.mean(theirs, axis=1)).sum())",
                "That counts every lead, clear or not: divide it by its standard error.",
            ),
            (
                "def clear_wins(ours, theirs):\n    ahead = np.array(ours) - np.array(theirs)\n"
                "    return int((ahead.mean(axis=1) > 2 * ahead.std(axis=1, ddof=1)).sum())",
                "Twice the deviation of one draw; the mean of n draws has an error that is smaller by the root of n.",
            ),
            (
                "def clear_wins(ours, theirs):\n    ahead = np.array(ours, dtype=float) - np.array(theirs, dtype=float)\n"
                "    return int((ahead.mean(axis=1) > 2 * ahead.std(axis=1) / np.sqrt(ahead.shape[1])).sum())",
                "Divide the squares by n - 1: pass ddof=1.",
            ),
        ],
        hints=[
            "The draws are paired: take differences first.",
            "The standard error is the deviation of the differences over the root of their number.",
        ],
        minutes=8,
    ),
    "2.3c": explain(
        "A paper says: our way beats the training of all weights on 20 of 24 tasks. You have a task of your own. Before you "
        "believe that it holds for you, what would you ask about their comparison, and what about your task? One thing each.",
        stub="answer = ...",
        must_mention={
            r"\b(tun(ed|ing)|learning rates?|rates|seeds?|draws|search(ed)?|equal(ly)?|same (effort|care|budget|steps)|errors?|baselines?)\b": (
                "One thing about the comparison: was the loser given as much care as the winner?"
            ),
            r"\b(pre-?train\w*|few|examples|amount of data|how (many|much) (data|pictures|labels)|near(er)?|far|similar|like mine)\b": (
                "One thing about your task: how near is it to what the backbone knows, and how many examples are there?"
            ),
        },
        solution=(
            "Whether the learning rate of both ways was tuned equally, and over how many seeds the wins hold. And whether my task "
            "is as near to what the backbone was pretrained on, and has as few examples, as theirs."
        ),
        wrong_answers=[
            (
                "Whether the learning rates were tuned for both.",
                "One thing about your task: how near is it to what the backbone knows, and how many examples are there?",
            ),
            (
                "Whether the pretraining saw pictures like mine.",
                "One thing about the comparison: was the loser given as much care as the winner?",
            ),
        ],
        hints=[
            "One is about fairness, the other about your task.",
            "Look at the lesson's figures: what was different between the panels?",
        ],
        minutes=6,
    ),
    "2.3d": open_ended(
        "Take `animals` in place of `digits`, and another number of prompts, 1 to 64. Guess first whether prompts before "
        "every layer will beat scikit-learn's head, then run the lesson for them. Does your guess hold for a second draw?",
        stub="what_i_found = ...",
        good_answer=(
            "A good answer names the number of prompts, gives right answers of at least two draws for each, next to "
            "those of a converged head with and without random prompts, and says how far the draws are apart. A difference that "
            "is smaller than that is no answer yet."
        ),
        hints=[
            "Change `task` to TASKS['animals'](seed()), and PROMPTS, where they are set; then run all cells from there to the figure of bars again.",
            "Write 1 in place of seed() in that cell and in `batches` for other pictures.",
        ],
        minutes=15,
    ),
}

QUIZZES = {
    "2.3q1": Quiz(
        "What do prompts before every layer change in a vision transformer?",
        options=[
            ("The pixels of the picture.", "The picture stays as it is; the prompts stand beside its squares."),
            (
                "What the squares attend to and take in, layer by layer.",
                "Yes: the weights stay, but there is more to look at.",
            ),
            ("The weights of its attention.", "They are frozen."),
            ("Only the head.", "The head is trained as well, but the prompts act in every layer."),
        ],
        right="b",
    ),
    "2.3q2": Quiz(
        "On an eye that was never trained, prompts of the same kind reach far less. What fits the lesson's controls best?",
        options=[
            (
                "That most of what we saw was in the eye before.",
                "Yes. As many vectors find nothing there to work with.",
            ),
            ("That eight prompts are too few.", "On the trained eye there are eight as well."),
            ("That the tasks are too hard.", "The same tasks are solved with the trained eye."),
            ("That deep prompts are badly initialised.", "They begin in the same way on both eyes."),
        ],
        right="a",
    ),
}
