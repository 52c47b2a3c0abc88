import pytest

from course.lesson import quiz, quizzes


def test_headless_the_question_and_its_options_are_text(capsys):
    quiz("0q1")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Quiz 0q1  A line in a lesson begins with ✓. What does it tell you?"
    assert [line[:5] for line in lines[1:]] == ["  a  ", "  b  ", "  c  ", "  d  "]


@pytest.mark.parametrize(("answer", "mark"), [("b", "✓"), (" B ", "✓"), ("a", "✗"), ("d", "✗")])
def test_an_answer_is_explained_right_or_wrong(answer, mark, capsys):
    quiz("0q1", answer)
    printed = capsys.readouterr().out
    assert printed.startswith(f"{mark} 0q1  {answer.strip().lower()}: ")
    assert printed.count("\n") == 1


@pytest.mark.parametrize("answer", ["e", "", "ab", 2, [], ...])
def test_what_is_no_option_is_said(answer, capsys):
    quiz("0q1", answer)
    assert capsys.readouterr().out == "✗ 0q1  Answer with one letter, a, b, c, d.\n"


@pytest.mark.parametrize("id", ["9.9q1", "0q9", "nonsense", 3])
def test_an_unknown_quiz_is_said(id, capsys):
    quiz(id)
    assert capsys.readouterr().out == f"✗ {id}  There is no quiz with this name.\n"


def test_live_each_button_explains_its_option(monkeypatch):
    shown = []
    monkeypatch.setenv("COURSE_HEADLESS", "0")
    monkeypatch.setattr(quizzes, "publish_widget", lambda widget, text: shown.append(widget))
    quiz("0q1")
    _question, *buttons, explanation = shown[0].children
    texts = []
    for button in buttons:
        button.click()
        texts.append(explanation.value)
    assert [text[0] for text in texts] == ["✗", "✓", "✗", "✗"]
    assert len(set(texts)) == 4
