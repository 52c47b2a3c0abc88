"""Recipe `ladder`: the language models of the zoo, lm-27k to lm-1.6m.

    course make ladder [--jobs 2] [--scale 10] [--text FILE] [--peak 0.007]

Each model goes on where its trunk of the recipe `sweep` stands after four fifths of the longest budget: the same text,
in the same order, in batches four times as large. Over the last fifth of 32.8 million tokens, 1.8 epochs, the learning
rate falls to zero. Jane Austen and Milton are never read.

Runs are independent one-thread processes. One that is killed goes on from its last saved state, to the same result.
Another scale or text makes another family, in a folder of its own; `zoo.load(name, folder)` reads it.
"""

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Float, PyTree

from course import lm, zoo
from course.data import load_text
from course.nn import next_token_loss
from course.recipes import sweep
from course.recipes.long_runs import as_stored, commit, cost, go_on, in_processes, load_state, save_arrays, step_seconds
from course.recipes.sweep import CONTEXT, PEAK, Plan, Size
from course.train import constant, decay, epochs, mean_loss, muon, start, windows

SEED = 0
TRUNK = round((1 - sweep.FALLING) * sweep.BUDGETS[-1])  # steps of the sweep that every model has behind it
TIMES = 4  # a batch of the sweep
STEPS, FALLING = 24_000, 6_400
SAVE_EVERY = 500
HELD_OUT = ("austen", "milton")
SAMPLE = {"length": 300, "temperature": 0.7, "seed": 0}
OURS = {  # what is known of the course's own texts alone
    "never read": ", ".join(HELD_OUT),
    "limits": "no facts, little grammar beyond a sentence; the English of 1600, of the Bible and of a dictionary",
    "licence": "CC BY 4.0",
}


def make(
    jobs: int = 2, runs: Path = Path("runs"), scale: float = 1, text: Path | None = None, peak: float = PEAK
) -> str:
    """A line for each model with its cost, after all are trained and stored in the zoo."""
    plan = Plan(scale, text, peak)
    folder = sweep.prepared(plan, runs, TIMES * plan.batch, tokens(plan))
    for message in in_processes(jobs, partial(run, folder=folder, plan=plan), reversed(plan.sizes)):
        print(message, flush=True)
    keep = zoo.ZOO if plan == Plan() else folder
    for size in plan.sizes:
        zoo.store(final_params(size, folder), card(size, folder, plan), keep)
    return "\n".join(f"{name}: {described['cost']}" for name, described in zoo.cards(keep).items())


def run(size: Size, folder: Path, plan: Plan = Plan()) -> str:
    """A line that says what was done, after one model is trained to the end."""
    path, fresh = folder / f"ladder-{size.d_model}.safetensors", start(sweep.initial(size, SEED), muon())
    if not path.exists():
        sweep.run((size, SEED, len(sweep.BUDGETS)), folder, plan)
        trunk = load_state(folder / f"{size.d_model}-{SEED}.safetensors", fresh)
        if trunk.step != TRUNK:
            raise ValueError(f"{folder} lacks the state {size.d_model}-{SEED}.safetensors: delete its .csv, too.")
        save_arrays(path, trunk)
    go_on(next_token_loss, load_state(path, fresh), partial(stream, plan), learning_rates(plan.peak), path, SAVE_EVERY)
    return f"{name(size)}: {tokens(plan):,} tokens"


def stream(plan: Plan, begin: int) -> Iterator[np.ndarray]:
    """The batches from step `begin` on, the steps of the trunk counted: they go on where its text ended."""
    batches = epochs(sweep.training_bytes(plan.text), TIMES * plan.batch, CONTEXT, SEED)
    return itertools.islice(batches, TRUNK // TIMES + begin - TRUNK, None)


def learning_rates(peak: float = PEAK) -> Float[np.ndarray, " steps"]:
    """One rate for each step; the trunk has taken the first ones."""
    return np.concatenate([constant(TRUNK + STEPS - FALLING, peak), decay(FALLING, peak)])


def tokens(plan: Plan) -> int:
    """The bytes that each model reads."""
    return plan.tokens(TRUNK) + plan.tokens(STEPS) * TIMES


def name(size: Size) -> str:
    """What the zoo calls the model: lm-27k, lm-1.6m."""
    millions = size.parameters / 1e6
    return f"lm-{size.parameters // 1000}k" if millions < 0.95 else f"lm-{millions:.1f}m"


def final_params(size: Size, folder: Path) -> PyTree:
    """The trained parameters of one size."""
    fresh = start(sweep.initial(size, SEED), muon())
    return jax.tree.map(np.asarray, load_state(folder / f"ladder-{size.d_model}.safetensors", fresh).params)


def card(size: Size, folder: Path, plan: Plan) -> dict:
    """What the zoo says about the model of this size."""
    params, epochs_read = final_params(size, folder), tokens(plan) / len(sweep.training_bytes(plan.text))
    rounded = as_stored(params)
    described = {
        "name": name(size),
        "kind": "language model",
        "parameters": size.parameters,
        "embedding parameters": 2 * 256 * size.d_model,
        "shape": {"vocabulary": 256, **size._asdict()},
        "context": CONTEXT,
        "tokens": "bytes of UTF-8",
        "data": f"{', '.join(sweep.domains(plan.text))}: {tokens(plan):,} bytes, {epochs_read:.2f} epochs",
        "recipe": command(plan),
        "commit": commit(),
        "cost": model_cost(size, plan),
        "nats per byte": scores(rounded, plan),
        "lost to float16, nats per byte": all_loss(rounded, plan) - all_loss(params, plan),
        "sample": lm.sample(rounded, beginning(plan), **SAMPLE),
    }
    return described | ({} if plan.text else OURS)


def command(plan: Plan) -> str:
    """The command that makes the models again."""
    options = {"scale": f"{plan.scale:g}", "text": plan.text, "peak": f"{plan.peak:g}"}
    usual = {"scale": "1", "text": None, "peak": f"{PEAK:g}"}
    given = [f"--{name} {value}" for name, value in options.items() if value != usual[name]]
    return " ".join(["course make ladder", *given])


def beginning(plan: Plan) -> str:
    """What a card's sample continues: a speaker of Shakespeare's, or the first word of the validation text."""
    if plan.text is None:
        return "KING HENRY.\n"
    [(_, held_out)] = sweep.domains(plan.text).values()
    return " ".join(held_out[:200].tobytes().decode("utf-8", errors="ignore").split()[1:2]) or "\n"


def probe(text: np.ndarray) -> np.ndarray:
    """Validation windows of one text."""
    return windows(text, CONTEXT)


def all_loss(params: PyTree, plan: Plan) -> float:
    """Nats per byte on the validation text of every domain together."""
    return mean_loss(params, np.concatenate([probe(text) for _, text in sweep.domains(plan.text).values()]))


def scores(params: PyTree, plan: Plan) -> dict[str, float]:
    """Loss on training text, and on the validation text of every domain, of the course's own those never read too."""
    unread = {} if plan.text else {name: load_text(name) for name in HELD_OUT}
    train = windows(sweep.training_bytes(plan.text), CONTEXT, every=60)
    return {"training text": mean_loss(params, train), "validation text": all_loss(params, plan)} | {
        name: mean_loss(params, probe(text)) for name, (_, text) in (sweep.domains(plan.text) | unread).items()
    }


def model_cost(size: Size, plan: Plan) -> dict[str, float]:
    """FLOPs by 6 N D, and the time of a step on this machine now times the steps; the sweep's branches not counted."""
    trunk, rest = sweep.stream(plan, SEED, 0), stream(plan, TRUNK)
    timed = [step_seconds(next_token_loss, sweep.initial(size, SEED), batches) for batches in (trunk, rest)]
    return cost(6.0 * size.trained * tokens(plan), TRUNK * timed[0] + STEPS * timed[1])
