"""The button that saves: it packs what is on the disk, says so when that is not all, and hands the file over."""

import base64
import io
import json
import os
import re
import zipfile

import pytest

from course.lesson import answers, keeping, save_button, words


@pytest.fixture
def pressed(monkeypatch, tmp_path):
    """pressed(): what the button says when it is pressed in a notebook of a reader who has answered a quiz."""
    notebook, shown = tmp_path / "lesson.ipynb", []
    notebook.write_text("{}")
    for name, value in {"JPY_SESSION_NAME": notebook, "COURSE_HOME": tmp_path, "COURSE_HEADLESS": "0"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keeping, "publish_widget", lambda widget, text: shown.append(widget))
    keeping._watch_the_file.cache_clear()
    answers.note("quiz", "0q1", said="b", right=True)
    save_button()

    def press() -> str:
        button, status = shown[0].children
        button.click()
        return status.value

    return press


def saved(path):
    """The notebook's file, written anew."""
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


def test_headless_it_says_what_it_would_do(capsys):
    save_button()
    assert capsys.readouterr().out == words.SAVE_BUTTON + "\n"


def test_what_is_not_on_the_disk_is_asked_for_first(pressed, tmp_path):
    assert pressed() == words.SAVE_FIRST
    assert not (tmp_path / keeping.ARCHIVE).exists()


def test_the_link_holds_the_file_with_the_answers(pressed, tmp_path):
    saved(tmp_path / "lesson.ipynb")
    link = re.match(r'<a download="my-course.zip" href="data:application/zip;base64,(\S+)"', pressed())
    content = base64.b64decode(link[1])
    assert content == (tmp_path / keeping.ARCHIVE).read_bytes()
    kept = zipfile.ZipFile(io.BytesIO(content)).read("progress.jsonl").decode()
    assert json.loads(kept) == {"kind": "quiz", "id": "0q1", "said": "b", "right": True}


def test_where_no_server_names_the_notebook_it_packs(pressed, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert pressed().startswith("<a download=")


def test_where_nothing_can_be_written_it_says_why_and_offers_nothing(pressed, tmp_path):
    saved(tmp_path / "lesson.ipynb")
    (tmp_path / keeping.ARCHIVE).mkdir()
    said = pressed()
    assert said.startswith("course: ")
    assert "<a" not in said
