"""Exercises of lesson 2.2, prompt tuning."""

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

EXERCISES = {
    "2.2a": number(
        "A frozen model has 24 blocks of width 1,024. How many numbers does LoRA of rank 4 train, if it is put on the "
        "query and the value matrix of every block, each 1,024 by 1,024?",
        stub="numbers = ...",
        solution="24 * 2 * 4 * (1024 + 1024)",
        alternatives=["393216", "24 * 2 * 2 * 4 * 1024"],
        wrong_answers=[
            ("24 * 2 * 1024 * 1024", "That is how many numbers the two matrices have: all of them, as full tuning."),
            (
                "24 * 4 * (1024 + 1024)",
                "Half: two matrices in every block have an update, and each update two factors.",
            ),
            ("18 * 24 * 1024 * 4", "The lesson's count is for all six matrices of a block; here it is two."),
        ],
        hints=["One update is A B, with A of 1,024 x 4 and B of 4 x 1,024.", "Two of them in each of 24 blocks."],
        minutes=4,
    ),
    "2.2b": code(
        "A served model should cost nothing extra. Write `merge(W, A, B, alpha)`: the one matrix, as a list of rows, that "
        "does what `W` with its low-rank update does. A has the inputs as rows and r columns, B has r rows.",
        stub="def merge(W, A, B, alpha):\n    ...",
        solution=(
            "def merge(W, A, B, alpha):\n"
            "    W, A, B = (np.array(x, dtype=float) for x in (W, A, B))\n"
            "    return (W + alpha / len(B) * A @ B).tolist()"
        ),
        cases=[
            ([[1, 0], [0, 1]], [[1], [2]], [[3, 4]], 1.0),
            ([[0, 0, 0], [0, 0, 0]], [[1, 0], [0, 2]], [[1, 2, 3], [4, 5, 6]], 8.0),
            ([[5, 6]], [[0, 0]], [[1, 1], [1, 1]], 2.0),
        ],
        alternatives=[
            "def merge(W, A, B, alpha):\n"
            "    r = len(B)\n"
            "    return [[W[i][j] + alpha / r * sum(A[i][k] * B[k][j] for k in range(r)) for j in range(len(W[0]))]\n"
            "            for i in range(len(W))]"
        ],
        wrong_answers=[
            (
                "def merge(W, A, B, alpha):\n    return (np.array(W) + np.array(A) @ np.array(B)).tolist()",
                "The product is multiplied by alpha / r.",
            ),
            (
                "def merge(W, A, B, alpha):\n    return (np.array(W) + alpha * np.array(A) @ np.array(B)).tolist()",
                "It is alpha divided by the rank r, the number of rows of B.",
            ),
            (
                "def merge(W, A, B, alpha):\n    return (alpha / len(B) * np.array(A) @ np.array(B)).tolist()",
                "The frozen matrix stays: the update is added to it.",
            ),
        ],
        hints=["x W + (alpha / r) (x A) B = x (W + (alpha / r) A B).", "r is len(B)."],
        minutes=6,
    ),
    "2.2c": explain(
        "A hospital wants a large language model to write in the style of its forty letters to patients, and "
        "another hospital wants the same. Would you train all weights, or a prompt? Give two reasons.",
        stub="answer = ...",
        must_mention={
            r"by heart|memori[sz]|over-?fit|(few|little|forty|40|small)\W+(\w+\W+)?(text|data|letters|examples)": "What do many trained numbers do with forty letters?",
            r"stor|serv|share|one model|same model|cop(y|ies)|kilobyte|batch|space": (
                "Think of the two hospitals: what must be kept and run for each of them?"
            ),
        },
        solution=(
            "A prompt. Forty letters are little text: all the weights would learn them by heart, and with them what stands "
            "in them about patients. And one frozen model serves both hospitals, in the same batch, with a few "
            "kilobytes stored for each instead of a copy of the model. LoRA of a low rank, stopped in time, would "
            "do, too, with a few more numbers for each hospital."
        ),
        wrong_answers=[
            (
                "A prompt, because it over-fits less.",
                "Think of the two hospitals: what must be kept and run for each of them?",
            ),
            (
                "A prompt, because one model can serve both of them.",
                "What do many trained numbers do with forty letters?",
            ),
            ("All weights, because that is always best.", "What do many trained numbers do with forty letters?"),
            (
                "A prompt, because it takes little memory and so one model can serve both.",
                "What do many trained numbers do with forty letters?",
            ),
        ],
        hints=["One reason is about learning, the other about running.", "How long are forty letters?"],
        minutes=5,
    ),
    "2.2d": open_ended(
        "Invent a sixth text: a disguise of Austen (no spaces, vowels as stars, every word backwards, ...). Guess what a "
        "soft prompt will take off, and where that leaves it against counted bytes; then train one. Train all weights, too.",
        stub="what_i_found = ...",
        good_answer=(
            "Disguises that keep most strings of letters, or a habit that the model has met somewhere (names in capitals), "
            "gain most, for the prompt can say which habit applies. A secret alphabet gains little beyond the frequencies of "
            "its letters: a prompt cannot teach 26 substitutions to frozen weights, while all weights can learn them. A good "
            "answer gives the loss with nothing, with the prompt, by counted bytes, and with all weights trained, and says "
            "how many passages were scored."
        ),
        hints=[
            'TEXTS["CAPITALS"] shows how a disguise is made; bytes.translate and bytes.replace help.',
            "loss_of_each expects one prompt per text: train yours with next_loss, as in the cell of the two pages.",
        ],
        minutes=15,
    ),
}

QUIZZES = {
    "2.2q1": Quiz(
        "Before the first step, which delta changes what the model says?",
        options=[
            ("LoRA, since its A is random.", "B is zero, and so A B is zero."),
            ("A soft prompt that begins as sixteen bytes.", "Yes: it stands there and is attended to from the start."),
            ("Biases.", "They begin at zero."),
            ("None of them: nothing was trained yet.", "A prompt is read whether it was trained or not."),
        ],
        right="b",
    ),
    "2.2q2": Quiz(
        "Prompt tuning matched the tuning of all weights in T5 with 11 billion parameters. What does that say of a model a thousand times smaller?",
        options=[
            ("It will match there, too.", "The paper's own smaller models did not, and neither did ours."),
            (
                "Nothing certain: in the paper the gap grew as models shrank.",
                "Yes. A prompt calls up what a model can do, and a small one can do less.",
            ),
            ("Small models need longer prompts, and then it matches.", "Longer prompts helped little here."),
            ("Prompt tuning is useless in small models.", "With little text, it is the safer choice here."),
        ],
        right="b",
    ),
}
