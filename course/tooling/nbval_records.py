"""A pytest plugin: under nbval, the kernel of each notebook writes its claims and usage to files of its own."""

import os
from pathlib import Path

import pytest

FOLDER = "COURSE_RECORDS"  # the environment variable that names the folder of the record files
VARIABLES = ("COURSE_CLAIMS", "COURSE_USAGE")


@pytest.hookimpl(tryfirst=True)  # before nbval starts the kernel, which inherits this process's environment
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Name the record files of the item's notebook in the environment."""
    if item.path.suffix == ".ipynb":
        for variable in VARIABLES:
            os.environ[variable] = str(record_path(Path(os.environ[FOLDER]), item.path, variable))


def record_path(folder: Path, notebook: Path, variable: str) -> Path:
    """Where the records of a notebook go that the kit writes to the file named by this environment variable."""
    return folder / f"{notebook.stem}.{variable}.jsonl"
