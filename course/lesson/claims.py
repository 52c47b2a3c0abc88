"""Claims: what a lesson asserts about its measurements, each in one line that says whether it holds."""

from course.lesson import words
from course.lesson.environment import append_record, seed
from course.lesson.numbers import as_number, describe, plain
from course.lesson.numbers import measured as about


class Verdict(int):
    """True or False, and silent at the end of a cell: the claim's line has said it already."""

    def _ipython_display_(self) -> None:
        pass


def claim(id, statement, *, measured, band, control=None, paper=None, unit="", exact=False) -> Verdict:
    """True when the measured number lies in the band and the control, if there is one, lies outside it.

    Prints one line, whatever was measured: nothing raises. COURSE_CLAIMS, when set, gets the record.
    band: (low, high), both included; either may be None.
    control: the same measurement where the effect must vanish.
    paper: a Fact, a Value or a number to compare with; it is shown, not tested.
    exact: a count, a closed form or a published value, printed plainly; other numbers are marked as measured.
    """
    published = getattr(paper, "value", paper)
    result = {
        "id": id,
        "statement": statement,
        "measured": as_number(measured),
        "control": as_number(control),
        "band": _limits(band),
        "paper": as_number(published),
        "paper_id": getattr(paper, "id", None),
        "unit": unit,
        "exact": exact,
    }
    fault = _fault(result, measured, control)
    print(_line(result, fault, getattr(published, "unit", None)))
    append_record("COURSE_CLAIMS", {**result, "ok": not fault, "seed": seed()})
    return Verdict(not fault)


def _limits(band) -> list | None:
    """[low, high] with None for an open side; None when the band could not fail or makes no sense."""
    try:
        low, high = band
    except Exception:  # a foreign type may raise anything when it is unpacked
        return None
    ends = [as_number(low), as_number(high)]
    given = [end for end in ends if end is not None]
    understood = all(end is not None or raw is None for end, raw in zip(ends, (low, high), strict=True))
    return ends if understood and given and given == sorted(given) else None


def _inside(number: float, band: list) -> bool:
    low, high = band
    return (low is None or low <= number) and (high is None or number <= high)


def _fault(result: dict, measured, control) -> str:
    """Why the claim does not hold; empty when it does."""
    if result["band"] is None:
        return words.NO_BAND
    for name, key, given in ((words.OURS, "measured", measured), (words.CONTROL, "control", control)):
        if result[key] is None and not (given is None and key == "control"):
            return words.NOT_MEASURED.format(name=name, given=describe(given))
    if not _inside(result["measured"], result["band"]):
        return words.OUTSIDE
    if control is not None and _inside(result["control"], result["band"]):
        return words.CONTROL_INSIDE
    return ""


def _line(result: dict, fault: str, paper_unit: str | None) -> str:
    number = plain if result["exact"] else about
    parts = [f"{words.WRONG if fault else words.RIGHT} {result['id']}  {result['statement']}"]
    if result["measured"] is not None:
        band = _band_text(result["band"])
        parts.append(_phrase(words.OURS, number(result["measured"]), result["unit"], band))
    if result["control"] is not None:
        # Where nothing may differ, the control counts what does: on another processor a float more or less.
        number = about if _is_point(result["band"]) else number
        parts.append(_phrase(words.CONTROL, number(result["control"])))
    if result["paper"] is not None or result["paper_id"] is not None:
        parts.append(_paper_text(result, paper_unit))
    return " · ".join([*parts, fault] if fault else parts)


def _phrase(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _is_point(band: list | None) -> bool:
    return band is not None and band[0] == band[1] is not None


def _band_text(band: list | None) -> str:
    if band is None:
        return ""
    low, high = band
    if low is not None and low == high:
        pattern = words.EQUAL_TO
    elif low is not None and high is not None:
        pattern = words.IN_BAND
    else:
        pattern = words.AT_MOST if low is None else words.AT_LEAST
    return pattern.format(low=low is not None and plain(low), high=high is not None and plain(high))


def _paper_text(result: dict, unit: str | None) -> str:
    """The published number and its ledger id; its unit only where it differs from ours."""
    number = "" if result["paper"] is None else plain(result["paper"])
    other_unit = unit if number and unit != result["unit"] else ""
    source = f"[{result['paper_id']}]" if result["paper_id"] else ""
    return _phrase(words.PAPER, number, other_unit, source)
