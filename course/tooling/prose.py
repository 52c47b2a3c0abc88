"""The numbers in a lesson's prose: each stands beside the ledger id it comes from, and agrees with it."""

import csv
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}

CITATION = r"\[(?P<ids>[A-Z]{2,}\d+(?:\s*,\s*[A-Z]{2,}\d+)*)\]"
SENTENCE_END = r"(?<=[.!?])\s+(?=[\W_]*[A-Z0-9])|\n\s*\n|\n\s*[-*|#]"
TIMES_TEN = r"(?:\s*(?:×|\\times|\\cdot)\s*10(?:\^\{?(?P<caret>-?\d+)\}?|(?P<raised>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)))"
POWER_OF_TEN = r"10(?:\^\{?(?P<bare_caret>-?\d+)\}?|(?P<bare_raised>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))"
DIGITS = r"(?P<digits>(?>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?))(?:e(?P<e>[+-]?\d+))?"
SCALE = r"(?:[\s-]*(?P<scale>thousand|million|billion|trillion)\b|(?P<letter>[KMBT])\b)"
PERCENT = r"\s*(?P<percent>\\?%|per\s?cent\b)"
# Not in a word or a name: neither the 3 of GPT-3 nor the 32 of float32 is a number. The 5 of 3-5 is.
NUMBER = re.compile(rf"(?<![\w.^])(?<![A-Za-z_]-)(?:{POWER_OF_TEN}|{DIGITS}{TIMES_TEN}?(?:{SCALE}|{PERCENT})?)")

# Not quantities: what these say is a name or an address. Blanked before the numbers are read.
NAMES = re.compile(
    r"<!-- measured -->.*?<!-- /measured -->"  # written by `course refresh` from recorded measurements
    r"|```.*?```|`[^`\n]*`"  # code
    r"|\]\([^)\s]*\)|https?://\S+|<[^>\n]+>"  # addresses, HTML tags
    r"|arXiv:\s*\S+|doi:\s*\S+|\b10\.\d{4,}/\S+"  # identifiers of papers
    r"|\b(?:lessons?|sections?|sec\.|figures?|fig\.|tables?|eqs?\.|equations?|exercises?|chapters?|parts?)\s+\d[\d.]*\w?"
    r"(?:\s*(?:,|and|to|-|–)\s*\d+\.\d+\w?)*"
    r"|^#+\s*\d+\.\d+\b|\b\d+\.\d+[a-z]\b|\b(?:Python|BY|version)\s+\d+\.\d+",
    flags=re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
MATH = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", flags=re.DOTALL)
FORMULA = "\x02"  # a character that no prose has
NOTATION = re.compile(r"\\(?:times|cdot|[%,;! ])|\d+e[+-]?\d+")  # what a bare number may hold and still be one


class Number(NamedTuple):
    """A number as printed."""

    text: str
    values: tuple[float, ...]  # a percentage has two: 68 and 0.68
    tolerance: float  # half a unit of the last printed digit
    telling: bool  # a decimal, percentage, power of ten or in millions: somebody measured it


def problems(
    notebook: NotebookNode, values_of: Callable[[str], Iterable[float]], exceptions: Iterable[str] = ()
) -> list[str]:
    """What is wrong with the numbers in the markdown cells, one sentence each, naming the cell.

    values_of: the ledger's numbers for an id; it raises KeyError for an unknown one.
    exceptions: texts of the lesson whose numbers need no id.
    """
    found = []
    for position, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown":
            found += [f"cell {position}: {problem}" for problem in cell_problems(cell.source, values_of, exceptions)]
    return found


def cell_problems(
    source: str, values_of: Callable[[str], Iterable[float]], exceptions: Iterable[str] = ()
) -> list[str]:
    """What is wrong with the numbers of one markdown text."""
    text, found = readable(source, exceptions), []
    for clause, ids in clauses(text):
        found += cited_problems(clause, ids, values_of) if ids else uncited_problems(clause)
    return found


def readable(source: str, exceptions: Iterable[str] = ()) -> str:
    """The text, what states nothing about the world blanked: code, addresses, names, exceptions.

    Formulas stay, between FORMULA marks instead of dollar signs; a bare number between dollar signs is none.
    """
    for exception in exceptions:
        source = source.replace(exception, " " * len(exception))
    return MATH.sub(_mark_formula, NAMES.sub(_blank, source))


def without_formulas(text: str) -> str:
    """The text with its marked formulas blanked."""
    return re.sub(f"{FORMULA}[^{FORMULA}]*{FORMULA}", _blank, text)


def clauses(text: str) -> list[tuple[str, list[str]]]:
    """(clause, ids) pairs: a citation closes the clause before it, back to the last one or the sentence's start."""
    found = []
    for sentence in re.split(SENTENCE_END, text):
        rest = sentence
        while match := re.search(CITATION, rest):
            found.append((rest[: match.start()], re.split(r"\s*,\s*", match["ids"])))
            rest = rest[match.end() :]
        found.append((rest, []))
    return _join_neighbours([(clause, ids) for clause, ids in found if clause.strip() or ids])


def numbers(text: str) -> list[Number]:
    """The numbers of the text, in order."""
    return [_number(match) for match in NUMBER.finditer(text)]


def cited_problems(clause: str, ids: list[str], values_of: Callable[[str], Iterable[float]]) -> list[str]:
    """What disagrees with the ledger, which must have the last number before the ids, and every telling one.

    A year is no quantity, nor is a whole number in a formula.
    """
    try:
        known = [float(value) for id in ids for value in values_of(id)]
    except KeyError as error:
        return [str(error.args[0])]
    has = ", ".join(f"{value:g}" for value in known) or "no number"
    wrong = [number for number in _to_check(clause) if not any(agrees(number, value) for value in known)]
    return [f"{number.text!r} [{', '.join(ids)}]: the ledger has {has}" for number in wrong]


def uncited_problems(clause: str) -> list[str]:
    """The decimals, percentages, powers of ten and millions that carry no id. Formulas need none."""
    telling = [number.text for number in numbers(without_formulas(clause)) if number.telling]
    return [f"{text!r} carries no ledger id, and is no listed exception" for text in telling]


def agrees(number: Number, value: float) -> bool:
    """Whether the number, to its last printed digit, is this value (a percentage: of either 68 or 0.68)."""
    scales = (1.0, 0.01) if len(number.values) > 1 else (1.0,)
    pairs = zip(number.values, scales, strict=True)
    return any(abs(printed - abs(value)) <= number.tolerance * scale * (1 + 1e-9) for printed, scale in pairs)


def ledger_values(id: str) -> list[float]:
    """The numbers of a ledger row.

    Raises KeyError for an unknown id.
    """
    from course.facts import fact

    return [float(value) for value in fact(id).values.values()]


def exceptions(path: Path, notebook: str) -> list[str]:
    """The texts that the exceptions file lists for this notebook."""
    return [row["text"] for row in _exception_rows(path) if row["notebook"] == notebook]


def exception_notebooks(path: Path) -> set[str]:
    """The notebooks for which the exceptions file lists anything."""
    return {row["notebook"] for row in _exception_rows(path)}


def stale_exceptions(notebook: NotebookNode, texts: Iterable[str]) -> list[str]:
    """The exceptions that no markdown cell of the notebook holds any more."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [text for text in texts if text not in prose]


def _exception_rows(path: Path) -> list[dict[str, str]]:
    """The file's rows (notebook, text, reason); ValueError for one without a reason."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if unexplained := [row["text"] for row in rows if not (row["reason"] or "").strip()]:
        raise ValueError(f"{path.name}: no reason is given for {', '.join(map(repr, unexplained))}.")
    return rows


def _to_check(clause: str) -> list[Number]:
    telling = [number for number in numbers(clause) if number.telling]
    quantities = [n for n in numbers(without_formulas(clause)) if not re.fullmatch(r"(19|20)\d\d", n.text)]
    return telling + [number for number in quantities[-1:] if not number.telling]


def _blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _mark_formula(match: re.Match) -> str:
    inside = match.group().strip("$")
    is_formula = re.search(r"[A-Za-z=<>]", NOTATION.sub("", inside))
    return f"{FORMULA}{inside}{FORMULA}" if is_formula else f" {inside} "


def _join_neighbours(found: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    """The clauses with their ids; a citation that closes no text of its own joins the one before it."""
    joined: list[tuple[str, list[str]]] = []
    for clause, ids in found:
        if ids and joined and joined[-1][1] and not clause.strip(" ,;and"):
            joined[-1] = (joined[-1][0], joined[-1][1] + ids)
        else:
            joined.append((clause, ids))
    return joined


def _number(match: re.Match) -> Number:
    text = match.group().strip()
    bare = match["bare_caret"] or match["bare_raised"]
    if bare:
        value = 10.0 ** int(bare.translate(SUPERSCRIPTS))
        return Number(text, (value,), value / 2, True)
    digits = match["digits"].replace(",", "")
    power = match["caret"] or match["raised"] or match["e"]
    factor = 10.0 ** int(power.translate(SUPERSCRIPTS)) if power else 1.0
    factor *= SCALES.get(match["scale"] or match["letter"] or "", 1.0)
    value, last_digit = float(digits) * factor, 10.0 ** -len(digits.partition(".")[2]) * factor
    values = (value, value / 100) if match["percent"] else (value,)
    telling = "." in digits or factor != 1.0 or bool(match["percent"])
    return Number(text, values, last_digit / 2, telling)
