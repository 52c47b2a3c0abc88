import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course import THREADS, cli, recipes
from course.lesson import answers
from course.tooling import canonical, derived, fitness, notebooks, spread
from course.tooling.execute import execute

IMPORTS = "from course.lesson import claim, figure, seed, show"
FAILING = "claim('9.1c1', 'One is two.', measured=1, band=(2, 2), exact=True)"


@pytest.fixture
def course(monkeypatch, tmp_path):
    """course(*arguments): the result of the command in a checkout whose notebooks are this test's."""
    monkeypatch.setattr(notebooks, "checkout", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(derived, "refresh", lambda root: [])
    monkeypatch.setattr(derived, "stale", lambda root: [])
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(cli.app, list(arguments))


def test_every_command_is_there_and_says_what_it_does(course):
    output = course("--help").stdout
    readers = ("lab", "check", "list", "save", "restore", "progress", "run", "train", "sample")
    for command in (*readers, "refresh", "spread", "bench", "make"):
        assert f"│ {command} " in output


def test_help_is_quick_because_nothing_heavy_is_imported():
    program = (
        "import sys, course.cli; print({'jax', 'nbformat', 'matplotlib', 'scipy', 'rich.table'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_work_goes_out_in_one_file_and_comes_back(course, write_lesson, tmp_path):
    path = write_lesson("x = ...")
    published = path.read_bytes()
    path.write_bytes(published.replace(b"x = ...", b"x = 42"))
    saved = course("save", str(tmp_path / "my.zip"))
    assert "packed 9.1-one-plus-one.ipynb" in saved.stdout
    assert "that you changed: 1." in saved.stdout
    path.write_bytes(published)
    assert "restored 9.1-one-plus-one.ipynb" in course("restore", str(tmp_path / "my.zip")).stdout
    assert b"x = 42" in path.read_bytes()
    assert path.read_bytes() != published


def test_progress_counts_what_was_answered_rightly(course, write_lesson, monkeypatch):
    write_lesson(lesson="1.3")
    monkeypatch.setenv("COURSE_HEADLESS", "0")
    answers.note("exercise", "1.3a", right=False)
    assert "0 of" in course("progress").stdout
    answers.note("exercise", "1.3a", right=True)
    answers.note("prediction", "1.3p1", said=3)
    [row] = [line for line in course("progress").stdout.splitlines() if line.strip().startswith("1.3")]
    assert re.search(r"1 of [3-9] +0 of [1-9] +1$", row.rstrip())


def test_list_shows_written_and_planned_lessons(course, write_lesson):
    write_lesson()
    output = course("list").stdout
    assert "9.1" in output
    assert "One plus one is two." in output
    assert "planned" in output


def test_check_passes_on_a_fit_machine_and_fails_with_advice_on_another(course, monkeypatch):
    monkeypatch.setattr(fitness, "findings", lambda: [fitness.Finding("memory", "9 MB", True, "buy some")])
    assert course("check").exit_code == 0
    assert "buy some" not in course("check").stdout
    monkeypatch.setattr(fitness, "findings", lambda: [fitness.Finding("memory", "9 MB", False, "buy some")])
    assert course("check").exit_code == 1
    assert "buy some" in course("check").stdout


def test_run_prints_the_scoreboard_and_passes(course, write_lesson):
    write_lesson()
    result = course("run", "9.1", "--within-budget")
    assert result.exit_code == 0, result.output
    assert "One plus one is about two." in result.stdout
    assert "1.9 to 2.1" in result.stdout
    assert "1 of 1" in result.stdout


@pytest.mark.parametrize(
    ("sources", "budget", "complaint"),
    [
        ((IMPORTS, FAILING), {}, "9.1: ✗ 9.1c1 One is two."),
        (("1 / 0",), {}, "9.1: a cell raised ZeroDivisionError"),
        ((), {"cpu_s": 0.1}, "9.1: CPU time"),
    ],
)
def test_run_fails_when_a_claim_a_cell_or_the_budget_does(course, write_lesson, sources, budget, complaint):
    write_lesson(*sources, budget=budget)
    result = course("run", "--within-budget")
    assert result.exit_code == 1
    assert complaint in result.stderr


def test_refresh_stores_a_lesson_in_canonical_form(course, write_lesson):
    path = write_lesson()
    assert course("refresh", "9.1").exit_code == 0
    assert canonical.problems(path) == []
    assert notebooks.read(path).cells[2].outputs[0].text.startswith("✓")


def test_refresh_refuses_to_store_a_failed_claim(course, write_lesson):
    path = write_lesson(IMPORTS, FAILING)
    before = path.read_bytes()
    result = course("refresh")
    assert result.exit_code == 1
    assert "✗ 9.1c1" in result.stderr
    assert path.read_bytes() == before


def test_refresh_check_names_what_is_stale_and_changes_nothing(course, monkeypatch, write_lesson, tmp_path):
    path = write_lesson()
    before = path.read_bytes()
    assert course("refresh", "--check").exit_code == 0
    monkeypatch.setattr(derived, "stale", lambda root: [tmp_path / "README.md"])
    result = course("refresh", "--check")
    assert (result.exit_code, result.stdout.strip()) == (1, "stale README.md")
    assert path.read_bytes() == before


def test_spread_records_ten_seeds_and_judges_them(course, monkeypatch, write_lesson):
    path = write_lesson()
    run = execute(path)

    def pretend(notebook, *, seed):  # ten real runs would take a minute
        shifted = [{**claim, "measured": 2 + seed / 1000, "control": 1 + seed / 1000} for claim in run.claims]
        return run._replace(claims=shifted)

    monkeypatch.setattr(spread, "execute", pretend)
    result = course("spread", "9.1")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("done") == 10
    assert len(spread.read(spread.recorded_path("9.1"))) == 10


def test_bench_lessons_records_what_each_costs(course, monkeypatch, write_lesson, tmp_path):
    monkeypatch.setattr(derived, "MEASURED", tmp_path / "measured.csv")
    write_lesson()
    assert course("bench", "lessons").exit_code == 0
    assert derived.measured()["9.1"]["peak_mb"] > 50


def test_a_mistake_is_one_sentence_and_status_2(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["course", "run", "no-such-lesson"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("course: no lesson named no-such-lesson")
    assert "Traceback" not in error


def test_an_installed_course_has_no_place_to_record(monkeypatch):
    monkeypatch.setattr(notebooks, "checkout", lambda: None)
    with pytest.raises(FileNotFoundError, match="is an installed copy: run it in a checkout"):
        spread.recorded_path("1.3")


def test_the_console_script_is_installed():
    script = Path(sys.executable).with_name("course.exe" if sys.platform == "win32" else "course")
    done = subprocess.run([script, "list"], capture_output=True, text=True, encoding="utf-8", check=True)
    assert "Scaling laws" in done.stdout


def test_a_recipe_has_one_thread_whatever_the_machine_says(course, monkeypatch):
    for name in THREADS:
        monkeypatch.setenv(name, "2")
    monkeypatch.setattr(recipes, "make", lambda name, **_: " ".join(os.environ[name] for name in THREADS))
    assert course("make", "ladder").stdout.startswith("1 1 1\n")


def test_an_option_that_a_recipe_does_not_take_is_refused(course):
    result = course("make", "eye", "--scale", "10")
    assert result.exit_code == 1
    assert result.stderr.strip() == "course: the recipe eye does not take --scale; it takes --runs."
