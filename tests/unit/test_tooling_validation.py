"""What `tests/notebooks/run.py` must catch, each on a small notebook that is bad in one way."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from nbval.plugin import get_sanitize_patterns

from course.tooling import canonical
from course.tooling.execute import execute

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
IMPORTS = "from course.lesson import claim, figure, seed, show"
FIGURE = "fig, ax = figure()\nshow(fig, alt='Two empty axes, without a curve.')"
TIMED = "import time\nclaim('9.1c1', 'Time passes.', measured=time.time(), band=(0, None))"
SOUND = (IMPORTS, TIMED, FIGURE)
HEAVY = "import numpy as np\nballast = np.ones(40_000_000)"
NETWORK = "from course.tooling import network\nprint(network.outside_is_reachable(), network.loopback_works())"
GENEROUS = {"cpu_s": 600, "rss_mb": 1000, "first_figure_s": 300}

LESSONS = {  # name: (code cells, (text in an output, what it is replaced by) before it is stored, budget)
    "sound": (SOUND, None, GENEROUS),
    "changed": ((*SOUND, "print('two')"), ("two", "three"), GENEROUS),
    "flipped": (SOUND, ("✓", "✗"), GENEROUS),
    "failed": ((*SOUND, "claim('9.1c2', 'One is two.', measured=1, band=(2, 2), exact=True)"), None, GENEROUS),
    "silent": ((IMPORTS, FIGURE), None, GENEROUS),
    "large": ((*SOUND, HEAVY), None, GENEROUS | {"rss_mb": 300}),
    "slow": (SOUND, None, GENEROUS | {"cpu_s": 0.1}),
    "late": (SOUND, None, GENEROUS | {"first_figure_s": 0.1}),
    "online": ((*SOUND, NETWORK), ("True True", "False True"), GENEROUS),
}


def store(path: Path, replace: tuple[str, str] | None) -> None:
    """Execute the lesson and store it, a text in its outputs replaced."""
    notebook = execute(path).notebook
    streams = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs if "text" in output
    ]
    for output in streams:
        output.text = output.text.replace(*replace) if replace else output.text
    canonical.write(notebook, path)


def validate(folder: Path) -> tuple[int, str]:
    """(exit status, output) of the driver."""
    environment = {**os.environ, "COURSE_REQUIRE": "", "PYTHONUTF8": "1"}
    command = [sys.executable, str(NOTEBOOKS / "run.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def outcome(tmp_path_factory, write_lesson_into) -> str:
    """The driver's output on all the lessons at once, which must fail."""
    folder = tmp_path_factory.mktemp("validation")
    paths = [
        write_lesson_into(folder, *cells, name=name, lesson=name, budget=b) for name, (cells, _, b) in LESSONS.items()
    ]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(store, paths, [replace for _, replace, _ in LESSONS.values()]))
    status, output = validate(folder / "notebooks")
    assert status == 1, output
    return output


def test_sound_lessons_alone_pass_although_their_measured_numbers_change(tmp_path, write_lesson_into):
    path = write_lesson_into(tmp_path, *SOUND)
    store(path, None)
    status, output = validate(path.parent)
    assert status == 0, output
    assert "FAILED" not in output
    assert re.search(r"9\.1 .* 1 of 1", output)


def test_a_changed_stored_output_and_a_turned_verdict_fail_nbval_and_nothing_else_does(outcome):
    failed = set(re.findall(r"^FAILED .*?(\w+)\.ipynb::Cell", outcome, flags=re.MULTILINE))
    assert failed - {"online"} == {"changed", "flipped"}
    assert "FAILED strict nbval failed" in outcome


@pytest.mark.parametrize(
    "line",
    [
        "failed: ✗ 9.1c2 One is two.",
        "silent: it makes no claim",
        "large: peak memory",
        "slow: CPU time",
        "late: time to the first figure",
    ],
)
def test_failed_and_missing_claims_and_exceeded_budgets_fail(outcome, line):
    assert f"FAILED {line}" in outcome


def test_a_sound_lesson_is_not_blamed_for_the_others(outcome):
    assert "FAILED sound" not in outcome


def test_kernels_have_no_network_where_it_can_be_cut_off(outcome):
    assert "The network is cut off; loopback works." in outcome or "could not be cut off" in outcome
    assert ("The network is cut off" in outcome) == ("online.ipynb::Cell" not in outcome)


def test_a_network_that_cannot_be_cut_off_fails_only_where_it_is_required(monkeypatch, capsys):
    driver = load_driver()
    monkeypatch.setattr(driver.network, "can_cut_off", lambda: "no namespaces")
    monkeypatch.delenv("COURSE_REQUIRE", raising=False)
    assert driver.cut_off_network() == []
    assert "could not be cut off (no namespaces)" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_REQUIRE", "1")
    assert driver.cut_off_network() == ["the network was not cut off"]


def test_no_notebooks_is_nothing_to_validate(tmp_path):
    assert load_driver().main(tmp_path) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [("≈1.23", "≈4"), ("≈ 1,234.5 s", "≈ 2 s"), ("≈1e-5", "≈-2.5e3"), ("≈0.1 in [0, 1]", "≈0.2 in [0, 1]")],
)
def test_sanitising_passes_over_one_measured_number(one, other):
    assert sanitised(one) == sanitised(other) != one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("✓ ≈1", "✗ ≈1"),
        ("1.23", "4"),
        ("≈1 2", "≈1 3"),
        ("≈1, 2", "≈1, 3"),
        ("≈1 s", "≈1 ms"),
        ("≈1 in [0, 1]", "≈1 in [0, 2]"),
    ],
)
def test_sanitising_leaves_everything_else(one, other):
    assert sanitised(one) != sanitised(other)


def test_the_sanitise_file_is_plain_ascii_and_has_no_empty_replacement():
    text = (NOTEBOOKS / "sanitize.cfg").read_text(encoding="ascii")
    assert len(get_sanitize_patterns(text)) == text.count("\nregex:") == text.count("\nreplace: ")


def sanitised(text: str) -> str:
    """The text as nbval compares it."""
    for pattern, replacement in get_sanitize_patterns((NOTEBOOKS / "sanitize.cfg").read_text(encoding="ascii")):
        text = re.sub(pattern, replacement, text)
    return text


def load_driver():
    """The driver as a module; it stands in a folder that is no package."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("notebooks_run", NOTEBOOKS / "run.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
