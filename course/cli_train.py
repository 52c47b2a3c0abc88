"""The commands that train: `course train lm`, `course sample`, `course bench lm`, `course make`."""

import typer


def train_lm() -> None:
    """Train a language model on a text."""
    _not_built_yet()


def sample() -> None:
    """Write text with a trained model."""
    _not_built_yet()


def bench_lm() -> None:
    """Time the training of the language model."""
    _not_built_yet()


def make() -> None:
    """Make a bundled file again from its recipe."""
    _not_built_yet()


def _not_built_yet() -> None:
    typer.echo("course: this command is not built yet.", err=True)
    raise typer.Exit(2)
