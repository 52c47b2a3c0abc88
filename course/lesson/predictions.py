"""Predictions: a question before the experiment, scored when the experiment has answered it."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from course.lesson import answers, words
from course.lesson.environment import headless, publish_widget
from course.lesson.numbers import as_number, describe, plain
from course.lesson.numbers import measured as about


@dataclass(frozen=True)
class Question:
    """What predict() asked: one of the choices, or a number between two bounds."""

    id: str
    text: str
    choices: tuple[str, ...] = ()
    bounds: tuple[float, float] = (-math.inf, math.inf)
    unit: str = ""


_questions: dict[str, Question] = {}
_predictions: dict[str, str | float] = {}


def predict(
    id: str,
    question: str,
    choices: Sequence[str] = (),
    number: tuple[float, float] | None = None,
    unit: str = "",
) -> None:
    """Ask for a prediction: one of the choices, or a number=(low, high). score() answers later.

    Nobody has to answer, and nothing waits for the answer. Without a front end the question is printed.
    """
    asks_for_choice = _are_choices(choices) and number is None
    asks_for_number = _are_bounds(number) and isinstance(choices, list | tuple) and not choices
    if not (asks_for_choice or asks_for_number):
        raise ValueError(words.BAD_QUESTION.format(id=id, choices=describe(choices), number=describe(number)))
    asked = Question(id, question, tuple(choices), tuple(number or Question.bounds), unit)
    _questions[id] = asked
    if not headless() and id not in _predictions and (earlier := answers.latest_prediction(id)) is not None:
        _predictions[id] = earlier
    if headless():
        print(_question_text(asked))
    else:
        publish_widget(_question_widget(asked), _question_text(asked))


def record(id: str, prediction: str | float) -> None:
    """Keep a prediction until score() asks for it, in a later kernel too; the Record button does this.

    Raises ValueError for what is neither a text nor a finite number.
    """
    if not isinstance(prediction, str) and as_number(prediction) is None:
        raise ValueError(words.BAD_PREDICTION.format(id=id, given=describe(prediction)))
    _predictions[id] = prediction
    answers.note("prediction", id, said=prediction)


def score(id: str, measured: str | float) -> None:
    """Print what was measured and how near the reader's prediction came, or how to make one."""
    unit = _questions[id].unit if id in _questions else ""
    number = as_number(measured)
    shown = str(measured) if number is None else _with_unit(about(number), unit)
    parts = [f"{id}  {words.MEASURED.format(value=shown)}"]
    if id in _predictions:
        said = _predictions[id]
        said_text = said if isinstance(said, str) else _with_unit(plain(said), unit)
        parts += [words.YOU_SAID.format(value=said_text), _comparison(said, measured)]
    else:
        parts.append(words.NO_PREDICTION)
    print(" · ".join(parts))


def _are_choices(choices) -> bool:
    """Whether these are texts to choose from."""
    return isinstance(choices, list | tuple) and len(choices) > 0 and all(isinstance(text, str) for text in choices)


def _are_bounds(number) -> bool:
    """Whether this is a pair of numbers, the lower one first."""
    if not isinstance(number, list | tuple) or len(number) != 2:
        return False
    low, high = map(as_number, number)
    return low is not None and high is not None and low < high


def _comparison(said: str | float, measured: str | float) -> str:
    """A kind sentence on a prediction: right or not for a choice, the factor between them for a number."""
    truth = as_number(measured)
    if isinstance(said, str) or truth is None:
        right = isinstance(measured, str) and said == measured
        return words.WELL_PREDICTED if right else words.PREDICTED_OTHERWISE
    if said == truth:
        return words.EXACT
    if said * truth <= 0:
        return words.NO_RATIO
    ratio = max(said / truth, truth / said)
    pattern = words.CLOSE if ratio <= 1.25 else words.SAME_ORDER if ratio <= 3 else words.FAR
    return pattern.format(ratio=f"{ratio:.3g}")


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {unit}".rstrip()


def _question_text(asked: Question) -> str:
    options = asked.choices or [_with_unit(_range_text(asked), asked.unit)]
    return "\n".join([f"{asked.id}  {asked.text}", *(f"  · {option}" for option in options)])


def _range_text(asked: Question) -> str:
    low, high = asked.bounds
    return words.NUMBER_RANGE.format(low=plain(low), high=plain(high))


def _question_widget(asked: Question):
    """The question, a field for the answer, a button to record it, and a line that says it was."""
    import ipywidgets as widgets

    range_text = "" if asked.choices else f" ({_with_unit(_range_text(asked), asked.unit)})"
    field = _choice_field(asked) if asked.choices else _number_field(asked)
    button = widgets.Button(description=words.RECORD, layout=widgets.Layout(width="auto"))
    status = widgets.HTML()

    def on_click(_button) -> None:
        if field.value is None:
            status.value = words.CHOOSE_FIRST
            return
        record(asked.id, field.value)
        status.value = words.RECORDED.format(value=html.escape(str(field.value)))

    button.on_click(on_click)
    return widgets.VBox([widgets.HTML(html.escape(asked.text + range_text)), field, button, status])


def _choice_field(asked: Question):
    import ipywidgets as widgets

    earlier = _predictions.get(asked.id)
    chosen = earlier if earlier in asked.choices else None
    return widgets.ToggleButtons(options=asked.choices, value=chosen, style={"button_width": "auto"})


def _number_field(asked: Question):
    import ipywidgets as widgets

    low, high = asked.bounds
    earlier = as_number(_predictions.get(asked.id))
    return widgets.BoundedFloatText(value=low if earlier is None else earlier, min=low, max=high)
