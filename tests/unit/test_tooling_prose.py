import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.tooling import prose

LEDGER = {"AA01": [1.571e12], "AA02": [175e9, 96], "AA03": [3.14e23], "AA04": [0.68], "AA05": [2.5], "AA06": []}


def values_of(id):
    return LEDGER[id]


def problems(text, exceptions=()):
    return prose.cell_problems(text, values_of, exceptions)


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("1.571 trillion", 1.571e12),
        ("175 billion", 175e9),
        ("530-billion", 530e9),
        ("1.5B", 1.5e9),
        ("400,000,000", 4e8),
        ("3.14 × 10²³", 3.14e23),
        (r"3.14 \times 10^{23}", 3.14e23),
        ("10^{23}", 1e23),
        ("10⁻³", 1e-3),
        ("5.2e21", 5.2e21),
        ("2.5x", 2.5),
        ("96", 96),
    ],
)
def test_one_number_is_read_from_each_notation(printed, value):
    [number] = prose.numbers(f"It has {printed} of them.")
    assert number.values == (pytest.approx(value, rel=1e-12),)  # products of powers of ten round


def test_a_percentage_may_be_stored_as_a_share():
    [number] = prose.numbers("68 % of all")
    assert number.values == (68, 0.68)


def test_ranges_hold_two_numbers_and_names_none():
    assert [number.text for number in prose.numbers("0.7-0.9, 0.7–0.9")] == ["0.7", "0.9", "0.7", "0.9"]
    assert prose.numbers("GPT-3, GPT-3.5, float32, WuDao-2") == []


@pytest.mark.parametrize(
    "text",
    [
        "It has 1.571 trillion parameters [AA01].",
        "It has 1.57 trillion parameters [AA01], twice a half.",
        "In 2020 GPT-3 had 175 billion parameters [AA02] and 96 layers [AA02].",
        "It took $3.14 \\times 10^{23}$ operations [AA03].",
        "About 68 % of the runs [AA04], a factor of 2.5 [AA05].",
        "Two sources agree on 175 billion [AA02, AA01]; or [AA02] [AA01].",
        "The law is older than that (Kaplan, 2020) [AA06].",
        "Its compute is $C = 6 N D$ [AA03].",
        "The ratio $r = 2.5$ [AA05].",
        "| model | size |\n|---|---|\n| GPT-3 | 175 billion [AA02] |\n| other | 1.571 trillion [AA01] |",
    ],
)
def test_numbers_that_agree_with_the_ledger_pass(text):
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("It has 1.572 trillion parameters [AA01].", "1.572 trillion"),
        ("It has 1.6 million parameters [AA01].", "1.6 million"),
        ("GPT-3 has 97 layers [AA02].", "97"),
        ("It has 175 billion parameters, 3.5 times as many [AA02].", "3.5"),
        ("About 67 % of the runs [AA04].", "67 %"),
        ("About 0.5 [AA06].", "0.5"),
        ("The ratio $r = 2.6$ [AA05].", "2.6"),
    ],
)
def test_numbers_that_disagree_with_the_ledger_are_reported(text, printed):
    [problem] = problems(text)
    assert problem.startswith(repr(printed))
    assert "the ledger has" in problem


def test_the_tolerance_is_half_a_unit_of_the_last_printed_digit():
    assert problems("It has 1.6 trillion parameters [AA01].") == []
    assert problems("It has 1.60 trillion parameters [AA01].") != []


def test_an_unknown_id_is_reported():
    assert problems("It has 5 [ZZ99].") == ["ZZ99"]


@pytest.mark.parametrize(
    "text", ["The loss is 1.886 nats.", "12.5 % less.", "About 10^{23} operations.", "$1.886$ nats"]
)
def test_telling_numbers_without_an_id_are_reported(text):
    [problem] = problems(text)
    assert "carries no ledger id" in problem


@pytest.mark.parametrize(
    "text",
    [
        "Four models, 15 minutes, 3 words, in 2020.",
        r"With $\beta_2 = 0.95$ and $L(N) = E + A/N^{0.34}$.",
        "Write `lr=0.01`.\n\n```\nx = 0.5\n```",
        "Lesson 1.3 and lessons 1.2 and 1.3; Table 3.2; exercise 1.3a; Python 3.11; CC BY 4.0.",
        "# 1.3 Scaling laws",
        "Kaplan et al., arXiv:2001.08361; [here](https://example.org/1.5).",
        "<!-- measured -->It takes 41.5 s.<!-- /measured -->",
    ],
)
def test_numbers_that_are_names_or_exact_need_no_id(text):
    assert problems(text) == []


def test_an_id_in_one_sentence_does_not_cover_the_next():
    [problem] = problems("It has 175 billion parameters [AA02]. It learned for 3.5 days.")
    assert problem.startswith("'3.5'")


def test_a_listed_exception_is_passed_over_and_no_other():
    assert problems("It is 0.5 or 0.7.", ["is 0.5 or"]) == ["'0.7' carries no ledger id, and is no listed exception"]


def test_code_cells_are_not_prose_and_problems_name_the_cell():
    notebook = new_notebook(cells=[new_code_cell("x = 0.5"), new_markdown_cell("0.5")])
    assert prose.problems(notebook, values_of) == ["cell 2: '0.5' carries no ledger id, and is no listed exception"]


def test_exceptions_are_read_by_notebook(tmp_path):
    path = tmp_path / "exceptions.csv"
    path.write_text('notebook,text,reason\na,"0.5, say",an example\nb,0.7,another\n', encoding="utf-8")
    assert prose.exceptions(path, "a") == ["0.5, say"]
    assert prose.exception_notebooks(path) == {"a", "b"}


def test_an_exception_without_a_reason_is_refused(tmp_path):
    path = tmp_path / "exceptions.csv"
    path.write_text("notebook,text,reason\na,0.5,\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"exceptions\.csv: no reason is given for '0\.5'"):
        prose.exceptions(path, "a")


def test_exceptions_that_the_prose_lost_are_stale():
    notebook = new_notebook(cells=[new_markdown_cell("It is 0.5.")])
    assert prose.stale_exceptions(notebook, ["is 0.5", "is 0.7"]) == ["is 0.7"]


def test_the_course_ledger_answers():
    assert 1.571e12 in prose.ledger_values("TP02")
    with pytest.raises(KeyError, match="ZZ99"):
        prose.ledger_values("ZZ99")
