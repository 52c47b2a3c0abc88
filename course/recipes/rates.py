"""Recipe `rates`: whether the sweep's learning rate, chosen on small models, was right for the widest.

    course make rates [--jobs 2]

Runs of the sweep with other peak learning rates, all else equal. One that is killed goes on from its last saved state,
to the same result.
"""

from functools import partial
from pathlib import Path

from course.data import DATA
from course.recipes import sweep
from course.recipes.long_runs import in_processes
from course.recipes.sweep import Plan, Size

SEED = 0
WIDEST, MIDDLE, NARROW = sweep.SIZES[-1], sweep.SIZES[4], sweep.SIZES[2]
SHORT, WHOLE = 4, len(sweep.BUDGETS)  # budgets: to 1.28 million tokens, to 10.24 million
RUNS = (  # size, peak learning rate, budgets: for each size its best rate, and one on either side
    (WIDEST, 0.005, WHOLE),
    *((WIDEST, peak, SHORT) for peak in (0.0035, 0.007, 0.010)),
    *((MIDDLE, peak, SHORT) for peak in (0.005, 0.007, 0.010)),
    *((NARROW, peak, SHORT) for peak in (0.007, 0.010, 0.020)),
)


def make(jobs: int = 2, runs: Path = Path("runs")) -> Path:
    """The path of the table course/data/rates.csv: rows as in sweep.csv, and the peak learning rate of each."""
    for message in in_processes(jobs, partial(run, runs=runs), RUNS):
        print(message, flush=True)
    return collect(runs)


def run(job: tuple[Size, float, int], runs: Path) -> str:
    """A line that says what was done, after one run and all its budgets."""
    size, peak, budgets = job
    folder = Plan(peak=peak).folder(runs)
    folder.mkdir(parents=True, exist_ok=True)
    return f"{peak:g}: {sweep.run((size, SEED, budgets), folder, Plan(peak=peak))}"


def collect(runs: Path) -> Path:
    """The path of the table of every finished budget."""
    peaks = sorted({peak for _, peak, _ in RUNS})
    rows = [{"peak": f"{peak:g}"} | row for peak in peaks for row in rows_of(peak, runs)]
    sweep.write_rows(DATA / "rates.csv", rows)
    return DATA / "rates.csv"


def rows_of(peak: float, runs: Path) -> list[dict[str, str]]:
    """The rows of one rate, the narrow models first."""
    rows = [row for path in Plan(peak=peak).folder(runs).glob("*-*.csv") for row in sweep.read_rows(path)]
    return sorted(rows, key=lambda row: (int(row["d_model"]), int(row["tokens"])))
