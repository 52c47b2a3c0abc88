import pytest

from course.lesson import predict, predictions, score


@pytest.fixture(autouse=True)
def empty_store(monkeypatch):
    monkeypatch.setattr(predictions, "_questions", {})
    monkeypatch.setattr(predictions, "_predictions", {})


@pytest.fixture
def ask_live(monkeypatch):
    """predict() with a front end: the widget that it displays."""

    def asked(*arguments, **more):
        shown = []
        monkeypatch.setenv("COURSE_HEADLESS", "0")
        monkeypatch.setattr(predictions, "publish_widget", lambda widget, text: shown.append(widget))
        predict(*arguments, **more)
        monkeypatch.setenv("COURSE_HEADLESS", "1")
        return shown[0].children

    return asked


def scored(capsys, measured) -> str:
    capsys.readouterr()
    score("9.9p1", measured)
    return capsys.readouterr().out.rstrip("\n")


def test_headless_the_question_and_its_choices_are_text(capsys):
    predict("9.9p1", "What should grow?", choices=["the model", "the data"])
    assert capsys.readouterr().out == "9.9p1  What should grow?\n  · the model\n  · the data\n"


def test_headless_the_range_of_a_number_is_text(capsys):
    predict("9.9p1", "How low?", number=(0, 4.17), unit="nats")
    assert capsys.readouterr().out == "9.9p1  How low?\n  · a number from 0 to 4.17 nats\n"


def test_without_a_prediction_the_score_is_stable_and_invites_one(capsys):
    predict("9.9p1", "How low?", number=(0, 4), unit="nats")
    line = (
        "9.9p1  measured ≈1.89 nats · no prediction recorded: "
        "to compare, answer the question above and run this cell again"
    )
    assert scored(capsys, 1.8861) == line
    assert scored(capsys, 1.8861) == line


def test_a_score_without_its_question_raises_nothing(capsys):
    assert scored(capsys, 2.0).startswith("9.9p1  measured ≈2 · no prediction recorded")
    assert scored(capsys, None).startswith("9.9p1  measured None · ")


def test_a_choice_is_recorded_by_the_button_and_scored(capsys, ask_live):
    question, field, button, status = ask_live("9.9p1", "Model <or> data?", choices=["the model", "the data"])
    assert question.value == "Model &lt;or&gt; data?"
    assert field.value is None
    button.click()
    assert status.value == "Choose an answer first."
    field.value = "the data"
    button.click()
    assert status.value == "Recorded: the data. The answer comes later in the lesson."
    assert scored(capsys, "the data") == "9.9p1  measured the data · you said the data · Right."
    assert "Not what you expected" in scored(capsys, "the model")


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (2, "On the spot"),
        (2.2, "1.1 apart: close"),
        (5, "2.5 apart: the right order"),
        (200, "100 apart"),
        (-3, "No factor"),
    ],
)
def test_a_number_is_recorded_and_compared_kindly(measured, verdict, capsys, ask_live):
    question, field, button, _ = ask_live("9.9p1", "How low?", number=(0, 4), unit="nats")
    assert question.value == "How low? (a number from 0 to 4 nats)"
    assert (field.min, field.max) == (0, 4)
    field.value = 2.0
    button.click()
    line = scored(capsys, measured)
    assert "you said 2 nats" in line
    assert verdict in line


def test_asking_again_keeps_the_prediction(ask_live):
    _, field, button, _ = ask_live("9.9p1", "Which?", choices=["a", "b"])
    field.value = "b"
    button.click()
    assert ask_live("9.9p1", "Which?", choices=["a", "b"])[1].value == "b"
    assert ask_live("9.9p1", "Which?", choices=["c", "d"])[1].value is None
    assert ask_live("9.9p1", "How many?", number=(1, 3))[1].value == 1


@pytest.mark.parametrize("answers", [{}, {"choices": []}, {"choices": ["a"], "number": (0, 1)}, {"number": (1, 1)}])
def test_a_question_needs_choices_or_a_range(answers):
    with pytest.raises(ValueError, match="takes either choices"):
        predict("9.9p1", "What?", **answers)


def test_a_prediction_outlives_its_kernel(ask_live, capsys, monkeypatch):
    """Recorded in one kernel, it is filled in and scored in the next."""
    monkeypatch.setenv("COURSE_HEADLESS", "0")
    predictions.record("9.9p1", "the data")
    monkeypatch.setattr(predictions, "_predictions", {})
    _, field, *_ = ask_live("9.9p1", "What should grow?", choices=["the model", "the data"])
    assert field.value == "the data"
    assert "you said the data" in scored(capsys, "the model")
