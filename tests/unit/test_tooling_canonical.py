import json

import nbformat
import pytest
from nbformat.v4 import new_output

from course.tooling import canonical, notebooks
from course.tooling.execute import execute

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def executed(write_lesson_into, tmp_path_factory):
    """A lesson after a run."""
    return execute(write_lesson_into(tmp_path_factory.mktemp("executed"))).notebook


@pytest.fixture
def stored(executed, tmp_path):
    """The path of that lesson, stored."""
    canonical.write(executed, tmp_path / "lesson.ipynb")
    return tmp_path / "lesson.ipynb"


def disturb(path, change):
    """Write the notebook with a change that a front end or a hand could make."""
    notebook = notebooks.read(path)
    change(notebook)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


def test_an_executed_and_stored_lesson_is_canonical(stored):
    assert canonical.problems(stored) == []
    assert stored.read_bytes().endswith(b"}\n")
    assert b"\r" not in stored.read_bytes()


def test_storing_it_again_changes_nothing(stored):
    before = stored.read_bytes()
    assert canonical.write(notebooks.read(stored), stored) is False
    assert stored.read_bytes() == before


def test_an_unexecuted_lesson_is_reported(write_lesson):
    assert canonical.problems(write_lesson()) == ["not executed from top to bottom; run `course refresh`"]


@pytest.mark.parametrize(
    "change",
    [
        lambda nb: nb.metadata.kernelspec.update(display_name="my env"),
        lambda nb: nb.metadata.language_info.update(version="3.11.7"),
        lambda nb: nb.metadata.update(widgets={"state": {}}),
        lambda nb: nb.cells[1].metadata.update(execution={"iopub.execute_input": "2026-01-01"}),
        lambda nb: nb.cells[1].update(execution_count=7),
        lambda nb: nb.cells[3].outputs[0].data.update({VIEW: {"model_id": "1f"}}),
        lambda nb: nb.cells[2].outputs.insert(1, new_output("stream", name="stdout", text="more\n")),
    ],
    ids=["kernel name", "python version", "widget state", "timing", "count", "widget view", "split stream"],
)
def test_noise_is_reported_and_removed(stored, change):
    disturb(stored, change)
    assert canonical.problems(stored) == ["not in canonical form; run `course refresh`"]
    canonical.write(notebooks.read(stored), stored)
    assert canonical.problems(stored) == []


def test_another_layout_of_the_same_json_is_reported(stored):
    stored.write_text(json.dumps(json.loads(stored.read_text(encoding="utf-8")), indent=2), encoding="utf-8")
    assert canonical.problems(stored) == ["not in canonical form; run `course refresh`"]


def test_pictures_keep_their_alt_text(stored):
    [picture] = [output for output in notebooks.read(stored).cells[3].outputs if "image/png" in output.get("data", {})]
    assert picture.metadata["image/png"]["alt"] == "A line rises from one to two."


def test_missing_ids_are_made_from_the_position(write_lesson):
    notebook = notebooks.read(write_lesson())
    for cell in notebook.cells:
        del cell["id"]
    assert [cell.id for cell in canonical.canonical(notebook).cells] == ["cell-00", "cell-01", "cell-02", "cell-03"]


def test_given_ids_and_tags_are_kept_and_the_original_is_left_alone(write_lesson):
    notebook = notebooks.read(write_lesson())
    notebook.cells[1].update(id="imports")
    notebook.cells[1].metadata.update(tags=["signature"], collapsed=True)
    cell = canonical.canonical(notebook).cells[1]
    assert (cell.id, cell.metadata) == ("imports", {"tags": ["signature"]})
    assert notebook.cells[1].metadata["collapsed"] is True
