"""Exercises of lesson 3.6, two senses."""

import numpy as np

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

HEARD = np.log(np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]))
SEEN = np.log(np.array([[0.5, 0.25, 0.25], [0.6, 0.3, 0.1]]))

EXERCISES = {
    "3.6a": number(
        "The eye's mean squared error is 0.4, in units of the formant's variance, and the noise stands at an SNR of 10 dB. "
        "What weight does the ear get?",
        stub="weight = ...",
        solution="0.4 / (0.4 + 0.1)",
        alternatives=["0.8", "(1 / 0.1) / (1 / 0.1 + 1 / 0.4)"],
        wrong_answers=[
            ("0.1 / (0.4 + 0.1)", "That is the eye's weight: the sense with the smaller error gets the larger one."),
            ("0.4 / (0.4 + 10 ** -0.5)", "That divides by the noise's standard deviation: use its variance."),
            ("0.4 / (0.4 + 10)", "10 dB is the signal over the noise: the noise's variance is a tenth."),
            ("0.4**0.5 / (0.4**0.5 + 0.1**0.5)", "Precision is one over the variance: no square roots."),
        ],
        hints=[
            "SNR = 10 log10(1 / variance): which variance gives 10 dB?",
            "The ear's share is the eye's variance over the sum of both.",
        ],
        minutes=4,
    ),
    "3.6b": code(
        "The ten vowels are equally frequent; words and answers seldom are. Write `posterior(by_ear, by_eye, prior)`: the "
        "probabilities p(class | both), (n, classes), from ln p(class | heard) and ln p(class | seen), each (n, classes), "
        "and the classes' frequencies. Both senses have learned with these frequencies, and are independent given the class.",
        stub="def posterior(by_ear, by_eye, prior):\n    ...",
        solution=(
            "def posterior(by_ear, by_eye, prior):\n"
            "    joint = np.exp(np.asarray(by_ear) + np.asarray(by_eye) - np.log(prior))\n"
            "    return joint / joint.sum(axis=1, keepdims=True)"
        ),
        cases=[
            (HEARD, SEEN, np.full(3, 1 / 3)),
            (HEARD, SEEN, np.array([0.5, 0.3, 0.2])),
            (HEARD[:1], np.log(np.array([[0.6, 0.3, 0.1]])), np.array([0.6, 0.3, 0.1])),
        ],
        alternatives=[
            "def posterior(by_ear, by_eye, prior):\n"
            "    rows = []\n"
            "    for ear, eye in zip(np.exp(by_ear), np.exp(by_eye)):\n"
            "        likelihoods = (ear / prior) * (eye / prior)\n"
            "        rows.append(likelihoods * prior / (likelihoods * prior).sum())\n"
            "    return np.array(rows)"
        ],
        wrong_answers=[
            (
                "def posterior(by_ear, by_eye, prior):\n"
                "    joint = np.exp(np.asarray(by_ear) + np.asarray(by_eye))\n"
                "    return joint / joint.sum(axis=1, keepdims=True)",
                "Each sense has the prior in its answer, so it is counted twice: take ln prior off once.",
            ),
            (
                "def posterior(by_ear, by_eye, prior):\n"
                "    joint = np.exp(np.asarray(by_ear) + np.asarray(by_eye) + np.log(prior))\n"
                "    return joint / joint.sum(axis=1, keepdims=True)",
                "Now the prior counts three times: it is to be taken off, not added.",
            ),
            (
                "def posterior(by_ear, by_eye, prior):\n    return (np.exp(by_ear) + np.exp(by_eye)) / 2",
                "That averages opinions. Evidence is added as log-probabilities, which multiplies probabilities.",
            ),
            (
                "def posterior(by_ear, by_eye, prior):\n"
                "    return np.exp(np.asarray(by_ear) + np.asarray(by_eye) - np.log(prior))",
                "These do not add up to 1 in each row yet.",
            ),
        ],
        hints=[
            "p(c | a) is proportional to p(a | c) p(c): how often does p(c) stand in p(c | a) p(c | v)?",
            "exp(by_ear + by_eye - ln prior), and then each row divided by its sum.",
        ],
        minutes=8,
    ),
    "3.6c": number(
        "A sum of two opinions has the margins 2, 1 and 1.5 on three cards of a hand. What is its margin on the fourth?",
        stub="fourth = ...",
        solution="-4.5",
        alternatives=["-(2 + 1 + 1.5)"],
        wrong_answers=[
            ("4.5", "The four margins sum to 0: mind the sign."),
            ("1.5", "The mean of three says nothing of the fourth: the four margins sum to 0."),
            ("0", "The sum of the four is 0, not the fourth."),
            ("0.75", "That would give three of four; the margins are log-odds, and sum to 0."),
        ],
        hints=["What do the four margins of any sum add up to?", "2 + 1 + 1.5 + x = 0."],
        minutes=2,
    ),
    "3.6d": explain(
        "A platform writes: 99 percent of the spam that we removed was found before anybody reported it. A newspaper makes "
        "of it: the filter misses one percent of spam. What is wrong, and what would one have to measure?",
        stub="answer = ...",
        must_mention={
            r"\b(remov\w+|taken down|took down|actioned|denominator|divid\w+|deleted)\b": (
                "Of what is the 99 percent a share: of all spam, or of something smaller?"
            ),
            r"\b(unreported|not reported|never reported|nobody report\w*|no one report\w*|miss\w*|undetected|unnoticed|unseen)\b"
            r"|\b(still there|left (standing|up|over)|remains?|stays?|not found|nobody f\w+)\b": (
                "What about spam that neither the filter nor a user found?"
            ),
            r"\b(sampl\w+|random\w*|recall|prevalence|audit\w*|label\w*|all (the )?(spam|posts|messages|mail))\b": (
                "What would one have to measure to know how much is missed?"
            ),
        },
        solution=(
            "The 99 percent are a share of what was removed. Spam that neither filter nor user found was not removed, and is in "
            "neither part of the fraction, so the filter can miss any share of it. To know recall, one has to label a random "
            "sample of all messages."
        ),
        alternatives=[
            "The denominator is the removed spam; what nobody found is missing from it. One would need the recall, from a sample.",
            "It only counts spam taken down. Undetected spam is left out; audit randomly chosen posts to see how much there is.",
        ],
        wrong_answers=[
            (
                "The filter surely misses more than one percent.",
                "Of what is the 99 percent a share: of all spam, or of something smaller?",
            ),
            (
                "The 99 percent only speak of removed spam and of nothing else.",
                "What about spam that neither the filter nor a user found?",
            ),
            (
                "It divides by what was removed, and undetected spam was not.",
                "What would one have to measure to know how much is missed?",
            ),
        ],
        hints=[
            "Write the fraction down: what is above the line, and what below?",
            "Where is a message that nobody noticed?",
        ],
        minutes=6,
    ),
    "3.6e": open_ended(
        "Dub a film on purpose: let the ear hear *heed* at 5 dB and the eye see *hod*. Guess first: which vowel does the "
        "average report, and which one does added evidence? McGurk and MacDonald asked people a question of this kind in 1976.",
        stub="what_i_found = ...",
        good_answer=(
            "A good answer names the vowels that the two ways report most often, says that the average of two sounds can be a "
            "third vowel that neither sense proposed, that added evidence picks one to which neither objects much, and how "
            "this changes with the noise."
        ),
        hints=[
            "Take the asked rows with truth 0 for the ear, and lips of as many rows with truth 5 for the eye.",
            "Learn from undubbed films: the listener doesn't know that this one is. `np.bincount` of the argmax shows the "
            "answers.",
        ],
        minutes=15,
    ),
}

QUIZZES = {
    "3.6q1": Quiz(
        "When does it lose nothing to ask each sense alone and to add the log-probabilities?",
        options=[
            (
                "When both senses are equally good.",
                "Then or not: a poor sense's log-probabilities are nearly flat, and add little.",
            ),
            (
                "When the senses are independent of each other.",
                "They rarely are: both are about the same thing. Given the answer is what counts.",
            ),
            (
                "When, given the right answer, what one sense gets says nothing about what the other gets.",
                "Yes: then p(a, v | c) is a product, and its logarithm a sum.",
            ),
            ("Never: early fusion is always better.", "For the vowels it found nothing better than the sum."),
        ],
        right="c",
    ),
    "3.6q2": Quiz(
        "A late fusion gets 75 percent of balanced odd cards right. What is its cross-entropy?",
        options=[
            (
                "Below ln 2, since it is better than a coin.",
                "Three small wins are paid for by one large loss: the margins sum to 0.",
            ),
            (
                "At least ln 2.",
                "Yes: the margins of a hand sum to 0, whatever the accuracy, and the cross-entropy is convex.",
            ),
            ("A quarter of ln 2.", "Cross-entropy doesn't count mistakes, it weighs them by confidence."),
            ("That can't be: a sum gets half at most.", "It can: margins of 1, 1, 1 and -3 sum to 0."),
        ],
        right="b",
    ),
}
