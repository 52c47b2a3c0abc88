"""Exercises of start-here. The pattern to copy: each typical wrong answer stands beside its hint."""

from course.lesson.exercises.kinds import Quiz, number

EXERCISES = {
    "0a": number(
        r"A transformer with $L$ layers of width $d$ has about $12\,L\,d^2$ parameters, "
        "embeddings left out. GPT-3 has 96 layers of width 12,288. How many parameters is that?",
        stub="gpt3_parameters = ...",
        solution="12 * 96 * 12288**2",
        alternatives=["1.74e11", "np.float64(12 * 96) * 12288 * 12288"],
        wrong_answers=[
            ("12 * 96 * 12288", "The width enters squared: matrices have rows and columns."),
            ("12 * 12288**2", "That is one layer. There are 96."),
            ("96 * 12288**2", "The 12 is missing: 4 d² in a layer's attention, 8 d² in its MLP."),
            ("12 * 96**2 * 12288", "Layers and width are swapped: it is the width that enters squared."),
            ("(12 * 96 * 12288)**2", "Only the width is squared: the parentheses reach too far."),
            ("173.9", "That looks like billions. Give the count itself: 1 billion is 1e9."),
        ],
        hints=[
            "Multiply 12, the number of layers and the square of the width.",
            "In Python a square is written d**2.",
        ],
        minutes=2,
        remark="About 174 billion. The embeddings add 0.6 billion, and the paper rounds up to 175 [TP08].",
    ),
}

QUIZZES = {
    "0q1": Quiz(
        "A line in a lesson begins with ✓. What does it tell you?",
        options=[
            (
                "Our number equals the paper's number.",
                "The paper's number stands beside ours. Our models are smaller: they seldom agree.",
            ),
            (
                "Our number lies in the band that was set beforehand, and the control's lies outside it.",
                "Yes. The band says what would count, the control that it could have failed.",
            ),
            (
                "The paper is right.",
                "A small experiment can agree with a paper. It proves nothing about large models.",
            ),
            (
                "The model has been trained to the end.",
                "Training is how we get the number. The line is about what the number shows.",
            ),
        ],
        right="b",
    ),
}
