import pytest

from course.tooling import notebooks


def test_lessons_are_ordered_by_number_with_start_here_first(write_lesson):
    for name in ("3.10-proteins", "3.9-worlds", "start-here", "1.2-architecture"):
        path = write_lesson(name=name, lesson=name.split("-")[0])
    order = [found.stem for found in notebooks.paths(path.parent)]
    assert order == ["start-here", "1.2-architecture", "3.9-worlds", "3.10-proteins"]


def test_checkpoints_are_no_lessons(write_lesson):
    path = write_lesson()
    hidden = path.parent / ".ipynb_checkpoints" / path.name
    hidden.parent.mkdir()
    hidden.write_bytes(path.read_bytes())
    assert notebooks.paths(path.parent) == [path]


@pytest.mark.parametrize("name", ["9.1", "9.1-one-plus-one", "9.1-one-plus-one.ipynb"])
def test_find_accepts_number_and_file_name(write_lesson, name):
    path = write_lesson()
    assert [lesson["path"] for lesson in notebooks.find([name], path.parent)] == [path]


def test_find_without_a_name_gives_every_lesson(write_lesson):
    root = write_lesson().parent
    write_lesson(name="9.2-more", lesson="9.2")
    assert [lesson["lesson"] for lesson in notebooks.find([], root)] == ["9.1", "9.2"]


def test_find_names_what_there_is_when_asked_for_another(write_lesson):
    root = write_lesson().parent
    with pytest.raises(ValueError, match=r"no lesson named 1\.9; written so far: 9\.1"):
        notebooks.find(["1.9"], root)


def test_a_lesson_without_a_summary_is_refused(write_lesson):
    path = write_lesson()
    notebook = notebooks.read(path)
    del notebook.metadata["course"]["summary"]
    with pytest.raises(ValueError, match=r"9\.1-one-plus-one\.ipynb: .* lacks summary"):
        notebooks.metadata(notebook, path)


def test_a_written_lesson_is_no_longer_planned(write_lesson):
    root = write_lesson(name="1.4-tune", lesson="1.4").parent
    numbers = [row["number"] for row in notebooks.planned(root)]
    assert "1.4" not in numbers
    assert "1.5" in numbers


def test_the_course_map_is_complete_and_ordered():
    numbers = [tuple(map(int, row["number"].split("."))) for row in notebooks.course_map()]
    assert numbers == sorted(set(numbers))
    assert {row["part"] for row in notebooks.course_map()} == {"Scaling", "Prompting", "Multimodality", "Society"}
    assert all(row["title"] and row["systems"] for row in notebooks.course_map())
