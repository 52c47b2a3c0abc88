"""Exercises of start-here. The pattern to copy: each typical wrong answer stands beside its hint."""

import numpy as np

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

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
    "0b": code(
        "A model gave the letters that came the probabilities $p_1, \\ldots, p_n$, in a NumPy array. Its "
        r"*perplexity* is $e^{\text{loss}}$, where the loss is the mean of $-\ln p_i$: the model hesitates as if "
        "between so many equally likely letters. Write the function.",
        stub="def perplexity(probabilities):\n    return ...",
        solution="def perplexity(probabilities):\n    return np.exp(-np.mean(np.log(probabilities)))",
        alternatives=["def perplexity(p):\n    return np.prod(1 / p) ** (1 / len(p))"],
        cases=[(np.array(p),) for p in ([0.25] * 4, [0.5, 0.125], [1.0, 1.0], [0.9, 0.02, 0.4])],
        wrong_answers=[
            (
                "def perplexity(p):\n    return -np.mean(np.log(p))",
                "That is the loss, in nats. Its exponential is still to come.",
            ),
            (
                "def perplexity(p):\n    return np.exp(np.mean(np.log(p)))",
                "The minus sign is missing: no perplexity is below 1.",
            ),
            (
                "def perplexity(p):\n    return 1 / np.mean(p)",
                "Average the logarithms. The mean of p forgives a bad miss too easily.",
            ),
            (
                "def perplexity(p):\n    return np.mean(1 / p)",
                "Average the logarithms. In the mean of 1/p the worst miss counts for nearly all.",
            ),
            (
                "def perplexity(p):\n    return np.exp(-np.sum(np.log(p)))",
                "The sum grows with the length of the text: take the mean.",
            ),
            (
                "def perplexity(p):\n    return np.exp(-np.mean(np.log2(p)))",
                "Bits and nats are mixed: log2 belongs to 2**, log to exp.",
            ),
        ],
        hints=["First the loss: the mean of -np.log(probabilities).", "Then np.exp of the loss."],
        minutes=5,
        remark="Whoever knows nothing has 256 here. What has our model? Try np.exp(entropy - gain['Shakespeare']).",
    ),
    "0c": explain(
        "However long it trains and however large it is, a model of the shuffled letters stays at the entropy of "
        "the frequencies. Why can none get below it? Answer in two or three sentences.",
        stub="why = ...",
        must_mention={
            "order|before|previous|preced|context|neighbo|earlier|past|sequence|independen": (
                "What did the shuffling destroy?"
            ),
            "frequen|how often|share|probabilit|distribution|count|common": (
                "What can still be known of the next letter?"
            ),
        },
        solution="After shuffling, the letters before say nothing about the next one. All that can be known of it "
        "is how frequent each letter is, and whoever knows just that pays the entropy of these frequencies.",
        wrong_answers=[
            ("The model is too small to learn a difficult text.", "What did the shuffling destroy?"),
            ("Because the order of the letters is gone forever.", "What can still be known of the next letter?"),
        ],
        hints=[
            "What do the letters before tell about the next one, with and without shuffling?",
            "Which probabilities would you bet on, if you knew only the letters' frequencies?",
        ],
        minutes=4,
    ),
    "0d": open_ended(
        "Run `facts(verdict='imprecise')` and choose a claim of the articles that you could test on this machine. "
        "What would you measure, which band would you demand before you look, and where must the effect vanish?",
        stub="my_experiment = ...",
        good_answer="One number that a few minutes of computing can give; a band that says what would count for "
        "the claim and what against it; and a control, in which nothing but the supposed cause is taken away.",
        hints=["Begin with the control: what would you take away, so that the effect has to go?"],
        minutes=8,
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
    "0q2": Quiz(
        "Suppose that the model of the shuffled letters, too, had come far below the entropy. What would you conclude?",
        options=[
            (
                "Transformers find patterns even in noise.",
                "In unseen noise there are none to find: the letters before say nothing about the next one.",
            ),
            (
                "It should have been trained for longer.",
                "Training lowers the loss. What would need explaining is that it is too low.",
            ),
            (
                "There is a mistake in the experiment.",
                "Yes: perhaps the model sees the letter that it should predict. Controls catch such mistakes.",
            ),
            (
                "Nothing, since only the other model matters.",
                "Whatever helped this one helps the other too, so that result would mean nothing either.",
            ),
        ],
        right="c",
    ),
}
