"""Every lesson under strict nbval, without a network, within its budget, its claims holding; part of `make test`.

    python tests/notebooks/run.py [folder of notebooks]

With COURSE_REQUIRE=1 a machine that cannot cut off the network fails; otherwise it says so and goes on.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from course.tooling import budgets, nbval_records, network, notebooks, scoreboard
from course.tooling.execute import claim_problems, read_records

SANITIZE = Path(__file__).parent / "sanitize.cfg"
SIDE_BY_SIDE, ALONE = 2, 2  # kernels at a time; further runs for a lesson that broke its budget
CELL_TIMEOUT, KERNEL_TIMEOUT = 900, 180  # seconds: a busy machine is no fault


def main(folder: Path) -> int:
    """0 when every lesson passes, else 1."""
    lessons = notebooks.lessons(folder)
    if not lessons:
        print("No notebooks to validate.")
        return 0
    faults = cut_off_network()
    with tempfile.TemporaryDirectory() as records:
        status = validate([lesson["path"] for lesson in lessons], Path(records))
        reports = [report(lesson, Path(records)) for lesson in lessons]
        reports = [again_alone(lesson, *found) for lesson, found in zip(lessons, reports, strict=True)]
    faults += [f"{row['lesson']}: {fault}" for row, found in reports for fault in found]
    faults += ["strict nbval failed: see above"] * (status != 0)
    Console(width=110).print(scoreboard.cost_table(row for row, _ in reports))
    print(*(f"FAILED {fault}" for fault in faults), sep="\n")
    return 1 if faults else 0


def cut_off_network() -> list[str]:
    """Nothing, once the network is cut off; what is wrong where it cannot be and COURSE_REQUIRE demands it."""
    if reason := network.can_cut_off():
        print(f"The network could not be cut off ({reason}): the notebooks run with it.")
        return ["the network was not cut off"] if os.environ.get("COURSE_REQUIRE") == "1" else []
    network.cut_off()
    if network.outside_is_reachable() or not network.loopback_works():
        return ["the network is cut off, but not as it should be"]
    print("The network is cut off; loopback works.")
    return []


def validate(paths: list[Path], records: Path) -> int:
    """nbval's exit status over these notebooks, two kernels side by side; records go to the folder."""
    environment = {
        **os.environ,
        "COURSE_HEADLESS": "1",
        "COURSE_SEED": "0",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the other plugins take longer to import than a short lesson to run
        nbval_records.FOLDER: str(records),
    }
    return subprocess.call(nbval_command(paths), env=environment)


def nbval_command(paths: list[Path]) -> list[str]:
    """The command line of strict nbval. `loadfile` keeps a notebook's cells in one kernel."""
    plugins = ["-p", "nbval", "-p", "xdist", "-p", nbval_records.__name__, "-p", "no:cacheprovider"]
    spread = ["-n", str(min(SIDE_BY_SIDE, len(paths))), "--dist", "loadfile"]
    strict = ["--nbval", "--nbval-current-env", f"--nbval-sanitize-with={SANITIZE}"]
    patient = [f"--nbval-cell-timeout={CELL_TIMEOUT}", f"--nbval-kernel-startup-timeout={KERNEL_TIMEOUT}"]
    options = ["-q", "-o", "addopts=", "-o", "filterwarnings=", *plugins, *spread, *strict, *patient]
    return [sys.executable, "-m", "pytest", *options, *map(str, paths)]


def report(lesson: dict, records: Path) -> tuple[dict, list[str]]:
    """(the lesson's row of the cost table, what is wrong with its claims and costs)."""
    files = [nbval_records.record_path(records, lesson["path"], kind) for kind in nbval_records.VARIABLES]
    claims, usage = map(read_records, files)
    cost = budgets.cost(usage)
    row = scoreboard.cost_row(lesson["lesson"], cost, claims)
    return row, claim_problems(claims) + budgets.breaches(cost, lesson["budget"])


def again_alone(lesson: dict, row: dict, faults: list[str]) -> tuple[dict, list[str]]:
    """The report of a run with nothing beside it where the first one broke a budget; of a second such run if need be.

    Two kernels share caches and memory bandwidth, which costs either up to a quarter more CPU time; and two runs alone
    differ by a tenth. Strict nbval has to pass in each.
    """
    for _ in range(ALONE):
        if not budgets.breaches(row, lesson["budget"]):
            break
        print(f"{lesson['lesson']} goes once more, alone: {'; '.join(faults)}")
        with tempfile.TemporaryDirectory() as records:
            status = validate([lesson["path"]], Path(records))
            row, faults = report(lesson, Path(records))
        if status:
            return row, [*faults, "strict nbval failed when alone"]
    return row, faults


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # Windows encodes what goes into a pipe in a code page without ✗
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else notebooks.folder()))
