"""Quizzes: one question, and an explanation for every option, the wrong ones too."""

import html

from course.lesson import answers, words
from course.lesson.environment import headless, publish_widget
from course.lesson.exercises import find
from course.lesson.exercises.kinds import Quiz, as_letter, letters_of


def quiz(id: str, answer: str | None = None) -> None:
    """Ask the question; with an answer ("a", "b", ...), print whether it is right and why. Never raises."""
    asked = find("QUIZZES", id)
    if asked is None:
        print(words.NO_QUIZ.format(mark=words.WRONG, id=id))
    elif answer is not None:
        print(verdict(id, asked, answer))
    elif headless():
        print(_text(id, asked))
    else:
        publish_widget(_widget(id, asked), _text(id, asked))


def verdict(id: str, asked: Quiz, answer: str) -> str:
    """One line: whether the answer is right, and the explanation of that option."""
    options = _lettered(asked)
    letter = as_letter(answer)
    if letter not in options:
        return words.NO_OPTION.format(mark=words.WRONG, id=id, letters=", ".join(options))
    answers.note("quiz", id, said=letter, right=letter == asked.right)
    mark = words.RIGHT if letter == asked.right else words.WRONG
    return words.QUIZ_RIGHT.format(mark=mark, id=id, letter=letter, explanation=options[letter][1])


def _text(id: str, asked: Quiz) -> str:
    options = _lettered(asked).items()
    lines = [words.OPTION.format(letter=letter, text=text) for letter, (text, _) in options]
    return "\n".join([words.QUIZ.format(id=id, question=asked.question), *lines])


def _lettered(asked: Quiz) -> dict[str, tuple[str, str]]:
    """The options by their letters."""
    return dict(zip(letters_of(asked.options), asked.options, strict=True))


def _widget(id: str, asked: Quiz):
    """The question, a button for each option, and a line for the explanation."""
    import ipywidgets as widgets

    explanation = widgets.HTML()

    def option(letter: str, text: str):
        def on_click(_button) -> None:
            explanation.value = html.escape(verdict(id, asked, letter))

        button = widgets.Button(description=f"{letter}  {text}", layout=widgets.Layout(width="auto"))
        button.on_click(on_click)
        return button

    buttons = [option(letter, text) for letter, (text, _) in _lettered(asked).items()]
    return widgets.VBox([widgets.HTML(html.escape(asked.question)), *buttons, explanation])
