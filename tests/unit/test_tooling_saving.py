"""What a reader wrote survives a new copy and a new edition of the course; what is no archive of ours is refused."""

import json
import zipfile

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.lesson import answers
from course.tooling import canonical, notebooks, saving

ANSWER = {"kind": "exercise", "id": "1.3a", "said": None, "right": True}


@pytest.fixture(autouse=True)
def somebody_is_there(monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "0")


@pytest.fixture
def lesson(write_lesson):
    """The path of a lesson as published: an opening, then cells that say a, b and c."""
    return write_lesson("a", "b", "c")


def change(path, **sources):
    """The notebook at the path, its cells at these positions (c1=...) changed, as a front end saves it."""
    notebook = notebooks.read(path)
    for position, source in sources.items():
        notebook.cells[int(position[1:])].source = source
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


def sources(path):
    return [cell.source for cell in notebooks.read(path).cells[1:]]


def fresh(folder, *cells):
    """The lesson, published again elsewhere with these cells; their ids are by position."""
    notebook = new_notebook(cells=[new_markdown_cell("# opening", id="cell-00")])
    notebook.cells += [new_code_cell(source, id=id) for id, source in cells]
    notebook.metadata["course"] = {"lesson": "9.1"}
    path = folder / "9.1-one-plus-one.ipynb"
    folder.mkdir(parents=True, exist_ok=True)
    canonical.write(notebook, path)
    return path


def ids(path):
    return [cell.id for cell in notebooks.read(path).cells[1:]]


def test_a_lesson_as_published_is_not_the_reader_s(lesson):
    assert saving.edited(notebooks.read(lesson)) == []
    change(lesson, c2="my answer")
    assert [cell.source for cell in saving.edited(notebooks.read(lesson))] == ["my answer"]


def test_only_what_was_changed_is_packed(lesson, write_lesson, tmp_path):
    write_lesson(name="9.2-other")
    change(lesson, c1="mine")
    changed, unreadable = saving.save(lesson.parent, tmp_path / "my.zip")
    assert (changed, unreadable) == ([lesson], [])
    assert set(zipfile.ZipFile(tmp_path / "my.zip").namelist()) == {
        "saved.json", "progress.jsonl", "notebooks/9.1-one-plus-one.ipynb",
    }  # fmt: skip


def test_a_fresh_copy_gets_the_reader_s_cells_in_their_places(lesson, tmp_path):
    cells = list(zip(ids(lesson), "abc", strict=True))
    change(lesson, c2="my answer")
    saving.save(lesson.parent, tmp_path / "my.zip")
    copy = fresh(tmp_path / "new", *cells)
    assert saving.restore(tmp_path / "my.zip", copy.parent) == [copy]
    assert sources(copy) == ["a", "my answer", "c"]
    assert saving.edited(notebooks.read(copy))[0].source == "my answer"


def test_a_new_edition_keeps_its_text_and_gets_the_answer(lesson, tmp_path):
    """b was answered and has not changed; a is new text; c was answered and has changed: both stand."""
    one, two, three = ids(lesson)
    change(lesson, c2="my b", c3="my c")
    saving.save(lesson.parent, tmp_path / "my.zip")
    copy = fresh(tmp_path / "new", (one, "new a"), ("added", "between"), (two, "b"), (three, "new c"))
    saving.restore(tmp_path / "my.zip", copy.parent)
    assert sources(copy) == ["new a", "between", "my b", "new c", "my c"]
    nbformat.validate(notebooks.read(copy))


def test_cells_of_the_reader_s_own_come_back_below_their_neighbour(lesson, tmp_path):
    cells = list(zip(ids(lesson), "abc", strict=True))
    notebook = notebooks.read(lesson)
    notebook.cells[2:2] = [new_markdown_cell("a note"), new_code_cell("my experiment")]
    lesson.write_text(nbformat.writes(notebook), encoding="utf-8")
    saving.save(lesson.parent, tmp_path / "my.zip")
    copy = fresh(tmp_path / "new", *cells)
    for _ in range(2):  # a second time adds nothing
        saving.restore(tmp_path / "my.zip", copy.parent)
        assert sources(copy) == ["a", "a note", "my experiment", "b", "c"]


def test_an_answer_whose_cell_is_gone_is_not_lost(lesson, tmp_path):
    one, two, _ = ids(lesson)
    change(lesson, c3="my c")
    saving.save(lesson.parent, tmp_path / "my.zip")
    copy = fresh(tmp_path / "new", (one, "a"), (two, "b"))
    saving.restore(tmp_path / "my.zip", copy.parent)
    assert sources(copy) == ["a", "b", "my c"]


def test_what_stands_in_the_copy_already_is_kept(lesson, tmp_path):
    cells = list(zip(ids(lesson), "abc", strict=True))
    change(lesson, c2="from home")
    saving.save(lesson.parent, tmp_path / "my.zip")
    copy = fresh(tmp_path / "new", *cells)
    change(copy, c2="written here")
    saving.restore(tmp_path / "my.zip", copy.parent)
    assert sources(copy) == ["a", "written here", "from home", "c"]


def test_a_notebook_of_the_reader_s_own_travels_too(lesson, tmp_path):
    (lesson.parent / "notes").mkdir()
    mine = lesson.parent / "notes" / "mine.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("my idea")]), mine)
    saving.save(lesson.parent, tmp_path / "my.zip")
    [back] = saving.restore(tmp_path / "my.zip", tmp_path / "new")
    assert back == tmp_path / "new" / "notes" / "mine.ipynb"
    assert notebooks.read(back).cells[0].source == "my idea"


def test_answers_survive_and_come_once(lesson, tmp_path, monkeypatch):
    answers.append([ANSWER])
    answers.note("prediction", "1.3p1", said="both")
    saving.save(lesson.parent, tmp_path / "my.zip")
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "elsewhere"))
    for _ in range(2):
        saving.restore(tmp_path / "my.zip", tmp_path / "new")
    assert len(answers.kept()) == 2
    assert answers.right("exercise") == {"1.3a"}
    assert answers.latest_prediction("1.3p1") == "both"


def test_a_notebook_that_cannot_be_read_is_named_and_the_rest_is_packed(lesson, tmp_path):
    broken = lesson.parent / "broken.ipynb"
    broken.write_text("{", encoding="utf-8")
    change(lesson, c1="mine")
    assert saving.save(lesson.parent, tmp_path / "my.zip") == ([lesson], [broken])


def archive(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return path


NOTEBOOK = nbformat.writes(new_notebook(cells=[new_code_cell("x")]))


def sealed(texts):
    """What an archive holds in which these texts stand, and one answer."""
    texts = {"progress.jsonl": json.dumps(ANSWER) + "\n", **texts}
    return {"saved.json": json.dumps(saving.manifest(texts)), **texts}


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"readme.txt": "hello"}, "saved.json"),
        (sealed({}) | {"saved.json": '{"format": "another 7"}'}, "another format"),
        (sealed({}) | {"saved.json": "[]"}, "another format"),
        (sealed({}) | {"notebooks/a.ipynb": NOTEBOOK}, "missing, added or changed"),
        (sealed({"notebooks/a.ipynb": NOTEBOOK}) | {"notebooks/a.ipynb": NOTEBOOK + " "}, "missing, added or changed"),
        ({"saved.json": sealed({"notebooks/a.ipynb": NOTEBOOK})["saved.json"]}, "missing, added or changed"),
        (sealed({"notebooks/a.ipynb": "{}"}), "cannot be read"),
        (sealed({"notebooks/a.ipynb": '{"cells": 3, "nbformat": 4}'}), "cannot be read"),
        (sealed({"notebooks/good.ipynb": NOTEBOOK, "notebooks/../../bad.ipynb": NOTEBOOK}), "it would write"),
        (sealed({"notebooks/good.ipynb": NOTEBOOK, "/etc/bad.ipynb": NOTEBOOK}), "it would write"),
        (sealed({"notebooks/good.ipynb": NOTEBOOK, "notebooks/bad.py": NOTEBOOK}), "it would write"),
        (sealed({"notebooks/good.ipynb": NOTEBOOK, "bad.ipynb": NOTEBOOK}), "it would write"),
        (sealed({"notebooks/good.ipynb": NOTEBOOK, "notebooks/..\\bad.ipynb": NOTEBOOK}), "it would write"),
    ],
)
def test_a_foreign_archive_is_refused_whole(files, why, tmp_path):
    root = tmp_path / "a" / "notebooks"
    with pytest.raises(ValueError, match="Nothing was changed") as refused:
        saving.restore(archive(tmp_path / "x.zip", files), root)
    assert why in str(refused.value)
    assert not root.exists()
    assert list(tmp_path.rglob("*.ipynb")) == []
    assert answers.kept() == []


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="it would write"):
        saving.restore(archive(tmp_path / "x.zip", sealed({"notebooks/link/x.ipynb": NOTEBOOK})), tmp_path / "in")


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(saving, "LARGEST_MB", 1e-4)
    with pytest.raises(ValueError, match="too large"):
        saving.restore(archive(tmp_path / "x.zip", sealed({"notebooks/a.ipynb": NOTEBOOK})), tmp_path)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(ValueError, match="there is no file"):
        saving.restore(tmp_path / "none.zip", tmp_path)


def test_an_archive_damaged_anywhere_is_refused_or_still_whole(tmp_path, monkeypatch):
    """Each byte changed, and the end cut off at each: one sentence and nothing written, or the very same notebook."""
    path, root = tmp_path / "x.zip", tmp_path / "new"
    whole = archive(path, sealed({"notebooks/a.ipynb": NOTEBOOK})).read_bytes()
    written = {}
    monkeypatch.setattr(saving, "_write", lambda path, content: written.update({path: content}))
    cuts = [whole[:at] for at in range(len(whole))]
    changes = [whole[:at] + bytes([byte ^ 0x55]) + whole[at + 1 :] for at, byte in enumerate(whole)]
    for broken in cuts + changes:
        path.write_bytes(broken)
        written.clear()
        said = ""
        try:
            saving.restore(path, root)
        except ValueError as error:
            said = str(error)
        assert ("Nothing was changed" in said) == (not written)
        assert said or set(written.values()) == {NOTEBOOK.encode()}


def test_a_line_that_broke_off_loses_no_other(monkeypatch):
    answers.append([ANSWER])
    with answers.path().open("a", encoding="utf-8") as file:
        file.write('{"kind": "exer\n[1]\n{"kind": "spell", "id": "x"}\n{"kind": "quiz", "id": 3}\n')
    assert answers.kept() == [ANSWER]


def test_where_nothing_can_be_written_nothing_is_said(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "file"))
    answers.note("quiz", "1.3q1", said="a", right=True)
    assert answers.kept() == []


def test_nothing_is_kept_when_nobody_is_there(monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    answers.note("quiz", "1.3q1", said="a", right=True)
    assert answers.kept() == []
