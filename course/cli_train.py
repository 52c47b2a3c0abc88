"""The commands that train: `course train lm`, `course sample`, `course bench lm`, `course make`."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from course import THREADS


def train_lm(
    text: Annotated[Path, typer.Option(help="A UTF-8 text file; the last tenth of it is held out.")],
    out: Annotated[Path, typer.Option(help="Where to save the model.")] = Path("runs/lm.safetensors"),
    steps: Annotated[
        int | None, typer.Option(min=1, max=10_000_000, help="Training steps; otherwise 180, fewer for a short text.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights, batches and sample.")] = 0,
) -> None:
    """Train a character-level language model on a text, save it, and let it write."""
    begin = time.perf_counter()
    _use_every_core()
    from course import own_text
    from course.data import read_text

    written = _or_exit(read_text, text)
    _or_exit(own_text.check_place, out)
    model = _or_exit(own_text.train, written, steps=steps, seed=seed, report=typer.echo)
    typer.echo(
        f"validation loss: {model.loss:.4f} nats per character, on all of the last tenth at context {own_text.CONTEXT}"
    )
    _or_exit(own_text.save, out, model)
    typer.echo(f"saved: {out}")
    typer.echo(f"total: {time.perf_counter() - begin:.1f} s")
    typer.echo("\n" + model.sample(written[:1], 300, seed=seed))


def sample(
    model: Annotated[Path, typer.Argument(help="A model that `course train lm` saved.")] = Path("runs/lm.safetensors"),
    prompt: Annotated[str | None, typer.Option(help="What the text begins with; otherwise a new line.")] = None,
    length: Annotated[
        int, typer.Option(min=1, max=100_000, help="Characters to write; bytes, where the text had over 1,000 of them.")
    ] = 500,
    temperature: Annotated[float, typer.Option(help="0 always takes the likeliest character.")] = 0.8,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another text.")] = 0,
) -> None:
    """Write text with a trained model."""
    from course import own_text

    trained = _or_exit(own_text.load, model)
    begin = trained.first if prompt is None else prompt
    typer.echo(_or_exit(trained.sample, begin, length, temperature=temperature, seed=seed))


def bench_lm() -> None:
    """Time `course train lm` in a cold process, and a width-128 step against this machine's matrix peak."""
    from course.recipes.bench import report

    report(typer.echo)


def make(
    recipe: Annotated[str, typer.Argument(help="Its name, such as texts or sweep; a wrong name lists them.")],
    sources: Annotated[Path | None, typer.Option(help="Folder of the packages that a data recipe reads.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Runs side by side; otherwise 2.")] = None,
    runs: Annotated[Path | None, typer.Option(help="Folder of what is saved on the way; otherwise ./runs.")] = None,
    scale: Annotated[float | None, typer.Option(min=1, max=1e6, help="Models and text so many times as large.")] = None,
    text: Annotated[Path | None, typer.Option(help="A text of yours to learn from, for sweep and ladder.")] = None,
    peak: Annotated[float | None, typer.Option(help="Their learning rate; wider models want a lower one.")] = None,
) -> None:
    """Make a bundled file again from its recipe."""
    os.environ.update(dict.fromkeys(THREADS, "1"))  # whatever this machine says: other threads would give other bits
    from course import recipes

    if recipe not in recipes.RECIPES:
        typer.echo(f"course: no recipe {recipe!r}; there are {', '.join(recipes.RECIPES)}.", err=True)
        raise typer.Exit(2)
    if "sources" in recipes.RECIPES[recipe]:
        sources = sources or Path("sources")
    began = time.perf_counter()
    options = {"sources": sources, "jobs": jobs, "runs": runs, "scale": scale, "text": text, "peak": peak}
    given = {name: value for name, value in options.items() if value is not None}
    typer.echo(_or_exit(recipes.make, recipe, **given))
    typer.echo(f"in {time.perf_counter() - began:.0f} s")


def _use_every_core() -> None:
    """One simulated JAX device, and one thread, per core: each device takes its share of every batch.

    Must run before JAX starts.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    devices = next(n for n in (4, 3, 2, 1) if n <= cores)
    os.environ["NPROC"] = str(cores)
    flag = f"--xla_force_host_platform_device_count={devices}"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()


def _or_exit(function, *arguments, **options):
    """The function's result; a ValueError or OSError ends the command with its one sentence."""
    try:
        return function(*arguments, **options)
    except (ValueError, OSError, FloatingPointError) as error:
        typer.echo(f"course: {error}", err=True)
        raise typer.Exit(1) from None
