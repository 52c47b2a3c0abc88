import sys

import pytest

from course.tooling.execute import claim_problems, execute, problems

HELD = {"id": "9.1c1", "statement": "It holds.", "ok": True}
FAILED = {"id": "9.1c2", "statement": "It does not.", "ok": False}


def test_a_run_returns_outputs_claims_and_usage(write_lesson):
    cells = []
    run = execute(write_lesson(), seed=3, on_cell=lambda done, total: cells.append((done, total)))
    assert problems(run) == []
    [claim] = run.claims
    assert (claim["id"], claim["seed"], claim["measured"]) == ("9.1c1", 3, pytest.approx(2.003))
    assert {record["event"] for record in run.usage} == {"calibration", "cell", "figure"}
    assert run.notebook.cells[2].outputs[0].text.startswith("✓ 9.1c1")
    assert cells == [(1, 3), (2, 3), (3, 3)]


def test_a_run_is_headless_in_this_environment_and_prints_nothing_here(write_lesson, capfd):
    source = "import os, sys\nprint(os.environ['COURSE_HEADLESS'], sys.executable)\nos.write(2, b'noise')"
    run = execute(write_lesson(source))
    assert f"1 {sys.executable}" in run.notebook.cells[1].outputs[0].text
    assert capfd.readouterr() == ("", "")


def test_a_run_stops_at_the_cell_that_raises(write_lesson):
    run = execute(write_lesson("1 / 0", "print('never')"))
    assert problems(run) == ["a cell raised ZeroDivisionError: division by zero"]
    assert run.notebook.cells[2].outputs == []


def test_a_kernel_that_dies_is_one_sentence(write_lesson):
    [problem] = problems(execute(write_lesson("import os\nos._exit(3)")))
    assert problem.startswith("a cell raised DeadKernelError")


def test_failed_and_missing_claims_are_problems():
    assert claim_problems([HELD]) == []
    assert claim_problems([HELD, FAILED]) == ["✗ 9.1c2 It does not."]
    assert claim_problems([]) == ["it makes no claim"]
