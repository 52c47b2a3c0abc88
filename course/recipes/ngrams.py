"""Recipe `ngrams`: how well tables of n-grams predict what the ladder predicts, from the same training text.

    course make ngrams

About three minutes of a core.
"""

import csv
import io
from pathlib import Path

import numpy as np

from course.baselines import ngram_count, ngram_nll
from course.data import DATA, load_text
from course.recipes.ladder import HELD_OUT
from course.recipes.sweep import DOMAINS, training_bytes

ORDERS = range(1, 9)


def make() -> Path:
    """The path of the table: a row per order, nats per byte on the validation text of every domain and of all."""
    texts = {name: load_text(name)[1] for name in (*DOMAINS, *HELD_OUT)}
    ends = np.cumsum([len(text) for text in texts.values()])[:-1]
    train, table = training_bytes(None), io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["order", "grams", "loss", *texts])
    for order in ORDERS:
        every = ngram_nll(train, np.concatenate(list(texts.values())), order)
        parts = np.split(every, ends)
        loss = np.concatenate(parts[: len(DOMAINS)]).mean()
        losses = (loss, *(part.mean() for part in parts))
        writer.writerow([order, ngram_count(train, order), *(f"{x:.6f}" for x in losses)])
    path = DATA / "ngrams.csv"
    path.write_text(table.getvalue(), encoding="utf-8")
    return path
