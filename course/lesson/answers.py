"""What a reader has answered so far: one JSON line each, in a folder of their own, on this machine only."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from course.lesson.environment import headless

KINDS = ("exercise", "quiz", "prediction")


def path() -> Path:
    """Where the answers are kept: progress.jsonl in the folder COURSE_HOME, or in one below the reader's home."""
    return Path(os.environ.get("COURSE_HOME") or Path.home() / ".big-models-small-machine") / "progress.jsonl"


def note(kind: str, id: str, said: str | float | None = None, right: bool | None = None) -> None:
    """Keep an answer. Without a reader, or where nothing can be written, nothing happens."""
    if headless():
        return
    try:
        append([{"kind": kind, "id": id, "said": said, "right": right}])
    except OSError:
        return


def append(given: Iterable[dict]) -> None:
    """Add the answers, in one write, so that two kernels cannot mix their lines."""
    lines = "\n".join(["", *map(json.dumps, given), ""])  # the first: a line that a kill cut off swallows no other
    path().parent.mkdir(parents=True, exist_ok=True)
    with path().open("a", encoding="utf-8") as file:
        file.write(lines)


def kept() -> list[dict]:
    """Every answer kept, the oldest first."""
    try:
        return parse(path().read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return []


def parse(text: str) -> list[dict]:
    """The answers in the lines; a line that is not one, as a machine that stops may leave behind, is passed over."""
    return [answer for line in text.split("\n") if (answer := _answer(line))]


def _answer(line: str) -> dict | None:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or answer.get("kind") not in KINDS or not isinstance(answer.get("id"), str):
        return None
    said, right = answer.get("said"), answer.get("right")
    if not isinstance(said, str | int | float | None) or not isinstance(right, bool | None):
        return None
    return {"kind": answer["kind"], "id": answer["id"], "said": said, "right": right}


def latest_prediction(id: str) -> str | float | None:
    """What the reader predicted last, in this kernel or an earlier one."""
    said = [answer["said"] for answer in kept() if (answer["kind"], answer["id"]) == ("prediction", id)]
    return said[-1] if said else None


def right(kind: str) -> set[str]:
    """The exercises, or quizzes, that were answered rightly at least once."""
    return {answer["id"] for answer in kept() if answer["kind"] == kind and answer["right"]}
