"""Exercises of lesson 3.1, image meets text."""

import numpy as np

from course.lesson.exercises.kinds import Quiz, code, explain, number, open_ended

EXERCISES = {
    "3.1a": number(
        "Suppose that all similarities in a batch of 256 pairs are alike. What is the loss, in nats, to two decimals?",
        stub="loss = ...",
        solution="round(np.log(256), 2)",
        alternatives=["5.55", "8 * np.log(2)"],
        wrong_answers=[
            ("8", "That is in bits: 256 alternatives, 8 binary choices. In nats, take the natural logarithm."),
            ("round(2 * np.log(256), 2)", "There are two cross-entropies, but the loss is their mean."),
            ("0", "A loss of 0 would need every pair to be found with certainty."),
        ],
        hints=["If all are alike, the softmax gives each of the 256 the same probability.", "-ln(1/256)."],
        minutes=3,
    ),
    "3.1b": code(
        "Write `recall_at(similarity, k)`: the share of rows whose own column, the one with the row's number, is among the k "
        "largest of its row. A tie counts against: an own value that is only as large as another comes after it.",
        stub="def recall_at(similarity, k):\n    ...",
        solution=(
            "def recall_at(similarity, k):\n"
            "    similarity = np.asarray(similarity, dtype=float)\n"
            "    own = np.diag(similarity)[:, None]\n"
            "    before = (similarity >= own).sum(axis=1) - 1\n"
            "    return float((before < k).mean())"
        ),
        cases=[
            (np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.3], [0.1, 0.2, 0.15]]), 1),
            (np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.3], [0.1, 0.2, 0.15]]), 2),
            (np.array([[0.5, 0.5], [0.1, 0.5]]), 1),
            (np.array([[-0.2, -0.4], [-0.5, -0.1]]), 1),
            (np.array([[0.1, 0.9, 0.8, 0.7], [0.2, 0.3, 0.4, 0.1], [0.3, 0.2, 0.1, 0.4], [0.0, 0.1, 0.2, 0.3]]), 3),
        ],
        alternatives=[
            "def recall_at(similarity, k):\n"
            "    hits = 0\n"
            "    for i, row in enumerate(similarity):\n"
            "        before = [j for j, s in enumerate(row) if j != i and s >= row[i]]\n"
            "        hits += len(before) < k\n"
            "    return hits / len(similarity)"
        ],
        wrong_answers=[
            (
                "def recall_at(similarity, k):\n"
                "    similarity = np.asarray(similarity, dtype=float)\n"
                "    return float((similarity.argmax(axis=1) == np.arange(len(similarity))).mean())",
                "That is recall at 1, whatever k is, and a tie is won by the first column.",
            ),
            (
                "def recall_at(similarity, k):\n"
                "    similarity = np.asarray(similarity, dtype=float)\n"
                "    own = np.diag(similarity)[:, None]\n"
                "    return float(((similarity > own).sum(axis=1) < k).mean())",
                "A tie counts against: what is as large comes before.",
            ),
            (
                "def recall_at(similarity, k):\n"
                "    similarity = np.asarray(similarity, dtype=float).T\n"
                "    own = np.diag(similarity)[:, None]\n"
                "    return float(((similarity >= own).sum(axis=1) - 1 < k).mean())",
                "Those are the columns: look along the rows.",
            ),
        ],
        hints=[
            "np.diag gives each row's own value.",
            "Count the others of the row that are at least as large; fewer than k is a hit.",
        ],
        minutes=8,
    ),
    "3.1c": explain(
        "A colleague trains with twice the batch, and the loss goes up from 0.9 to 1.3 nats, although the towers find more "
        "names. How can both be true?",
        stub="answer = ...",
        must_mention={
            r"(?s)\b(negatives?|alternatives?|candidates?|distractors?|competitors?)\b"
            r"|\b(more|twice|doubled?|doubles|additional)\b.*\b(captions?|texts?|images?|pictures|choices?|answers?|pairs?)\b": (
                "Among how many texts does each picture choose in the larger batch?"
            ),
            r"\b(harder|more difficult|ln|logarithm|chance|guess\w*|denominator|cannot be compared|not comparable)\b"
            r"|\b(cannot compare|same (towers|model)|another task|different task)\b": (
                "What does that do to the loss of the very same towers?"
            ),
        },
        solution=(
            "With twice the batch each picture chooses among twice as many texts, so there are more negatives and the task is "
            "harder: the same towers would have a loss up to ln 2 higher. Losses at different batch sizes cannot be compared."
        ),
        alternatives=[
            "Each picture competes with twice as many captions: the softmax denominator grows, even for the same towers.",
            "The batch is doubled, so each picture has more distractors, and a guess costs more.",
        ],
        wrong_answers=[
            (
                "The towers find more names, so the log must be wrong.",
                "Among how many texts does each picture choose in the larger batch?",
            ),
            ("Each picture now has twice as many negatives.", "What does that do to the loss of the very same towers?"),
            (
                "It is harder, so one cannot compare.",
                "Among how many texts does each picture choose in the larger batch?",
            ),
        ],
        hints=[
            "What is the loss of towers that guess?",
            "ln of the number of texts in the batch: it grows with the batch.",
        ],
        minutes=6,
    ),
    "3.1d": open_ended(
        "Shuffle the pairs once and for all, instead of anew in every batch: the fox's pictures always stand beside the "
        "rocket's words. Guess first: will the towers learn? What will they call a fox in the style never seen?",
        stub="what_i_found = ...",
        good_answer=(
            "A good answer says that the loss falls as usual, gives how often the fox's own name comes first (as by chance) "
            "and how often the name that stood beside it does and concludes "
            "that the towers learn what stands together, right or wrong."
        ),
        hints=[
            "Shuffle pairs.names and pairs.keywords with the same permutation: `pairs._replace(names=..., keywords=...)`.",
            "`first` then asks for the shuffled names; give it the true ones to ask for those.",
        ],
        minutes=15,
    ),
}

QUIZZES = {
    "3.1q1": Quiz(
        "Where do the wrong answers come from that a picture is compared with?",
        options=[
            ("People wrote them.", "Nobody labels anything here."),
            ("They are the texts of the other pictures in the batch.", "Yes: each pair is the others' negative."),
            ("They are random words.", "Random words would be told apart without looking at the picture."),
            ("There are none: only right pairs count.", "Then one vector for everything would be a perfect answer."),
        ],
        right="b",
    ),
    "3.1q2": Quiz(
        "Why does a queue need vectors from a slowly moving copy of the towers?",
        options=[
            ("The copy sees better.", "It lags behind; seeing better is not the point."),
            ("It saves the text tower.", "Both towers are still needed."),
            (
                "What is in the queue was made before; a slow copy keeps old and new vectors comparable.",
                "Yes. In the lesson earlier pairs helped beside a slow copy, and did harm beside the towers themselves.",
            ),
            ("Gradients must flow into the queue.", "They do not: its vectors are constants."),
        ],
        right="c",
    ),
}
