"""The teaching kit: what a lesson's cells call. It knows no machine learning."""

from course import memory
from course.lesson import usage
from course.lesson.claims import claim
from course.lesson.environment import headless, seed
from course.lesson.exercises import assert_right, check, exercise, hint, solution
from course.lesson.explorer import Explorer
from course.lesson.figures import COLORS, figure, lecture_mode, show
from course.lesson.keeping import save_button
from course.lesson.predictions import predict, score
from course.lesson.quizzes import quiz
from course.lesson.source import show_source

__all__ = [
    "COLORS",
    "Explorer",
    "assert_right",
    "check",
    "claim",
    "exercise",
    "figure",
    "headless",
    "hint",
    "lecture_mode",
    "predict",
    "quiz",
    "save_button",
    "score",
    "seed",
    "show",
    "show_source",
    "solution",
]

usage.start()
memory.release_after_every_cell()
