import base64
import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course.tooling import canonical, derived, lab, notebooks
from course.tooling.execute import execute

ROOT = Path(__file__).parents[2]
URL = "https://github.com/owner/course"
RUNNING = ".".join(map(str, sys.version_info[:2]))  # what only an older Python needs is not installed


def installed_as_locked() -> bool:
    """Whether every package of lock.txt that belongs here is installed in the version it names."""
    pins = map(Requirement, filter(None, (ROOT / "lock.txt").read_text(encoding="utf-8").splitlines()))
    here = {
        canonicalize_name(pin.name): str(pin.specifier) for pin in pins if pin.marker is None or pin.marker.evaluate()
    }
    installed = {canonicalize_name(one.name): f"=={one.version}" for one in metadata.distributions()}
    return here.items() <= installed.items()


locked_packages = pytest.mark.skipif(not installed_as_locked(), reason="other versions than lock.txt's are installed")
linux_packages = pytest.mark.skipif(sys.platform == "win32", reason="not all of Linux's packages are installed")


@pytest.fixture(scope="module")
def executed(write_lesson_into, tmp_path_factory):
    """A lesson after a run, numbered as the flagship; its figure's cell is tagged."""
    folder = tmp_path_factory.mktemp("executed")
    path = write_lesson_into(folder, name="1.3-scaling-laws", lesson="1.3", title="Scaling laws")
    notebook = execute(path).notebook
    notebook.cells[3].metadata["tags"] = ["signature"]
    return notebook


@pytest.fixture
def checkout(executed, monkeypatch, tmp_path):
    """A checkout with that lesson, and with measurements of its own."""
    (tmp_path / "notebooks").mkdir()
    canonical.write(executed, tmp_path / "notebooks" / "1.3-scaling-laws.ipynb")
    for name in ("pyproject.toml", "lock.txt", "README.md", "binder"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, tmp_path / name)
    shutil.copyfile(ROOT / derived.TEACHING, tmp_path / derived.TEACHING)
    monkeypatch.setattr(derived, "MEASURED", tmp_path / "measured.csv")
    derived.record_measured("1.3", {"cpu_s": 41.26, "peak_mb": 400.04, "first_figure_s": 5.0, "wall_s": 60.0})
    derived.record_measured("1.3", {"binder_s": 7.24})
    return tmp_path


@linux_packages
@locked_packages
def test_refresh_makes_everything_current(checkout):
    names = {path.name for path in derived.refresh(checkout)}
    assert names == {"README.md", "teaching.md", "figure.png", "1.3-scaling-laws.ipynb"}
    assert derived.stale(checkout) == []


@linux_packages
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("README.md", b"| 41 s |", b"| 4 s |"),
        ("binder/requirements.txt", b"numpy==", b"numpy=="[::-1]),
        ("notebooks/teaching.md", b"1.3a: ", b"1.3z: "),
        (".github/figure.png", b"PNG", b"GIF"),
        ("notebooks/1.3-scaling-laws.ipynb", b"runs in 41 s", b"runs in 4 s"),
    ],
)
def test_an_edited_derived_passage_is_stale(checkout, name, old, new):
    derived.refresh(checkout)
    path = checkout / name
    path.write_bytes(path.read_bytes().replace(old, new))
    assert derived.stale(checkout) == [path]


@linux_packages
def test_what_is_written_by_hand_is_not_derived(checkout):
    derived.refresh(checkout)
    path = checkout / "README.md"
    path.write_bytes(path.read_bytes().replace(b"## Lessons", b"## The lessons"))
    assert derived.stale(checkout) == []


@linux_packages
def test_what_the_measurement_says_reaches_notebook_and_readme(checkout):
    derived.refresh(checkout)
    opening = notebooks.read(checkout / "notebooks" / "1.3-scaling-laws.ipynb").cells[0].source
    assert "the whole notebook runs in 41 s, its first figure stands after 5 s, and it takes 400 MB" in opening
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    link = "[Scaling laws](notebooks/1.3-scaling-laws.ipynb)"
    row = f"| 1.3 {link} | One plus one is two. | 1 min | 41 s | 400 MB | 7 s | 1 |"
    assert row in readme
    assert "1.3 Scaling laws;" not in readme  # no longer among the planned
    assert "![A line rises from one to two.](.github/figure.png)" in readme


def test_the_signature_figure_is_the_tagged_cells_picture(checkout):
    written = notebooks.lessons(checkout / "notebooks")
    png, alt = derived.signature_figure(written)
    [stored] = [
        output.data["image/png"]
        for output in notebooks.read(written[0]["path"]).cells[3].outputs
        if "image/png" in output.data
    ]
    assert (base64.b64encode(png).decode(), alt) == (stored, "A line rises from one to two.")
    assert derived.signature_figure([{**written[0], "lesson": "1.2"}]) is None


def test_an_opening_cell_without_its_place_is_refused(checkout):
    path = checkout / "notebooks" / "1.3-scaling-laws.ipynb"
    notebook = notebooks.read(path)
    notebook.cells[0].source = "# Scaling laws"
    canonical.write(notebook, path)
    with pytest.raises(ValueError, match=r"1\.3-scaling-laws\.ipynb, opening cell: the markers <!-- measured -->"):
        derived.with_measured_line(notebooks.lessons(path.parent)[0])


def test_fill_replaces_one_passage():
    assert derived.fill("a <!-- x -->old<!-- /x --> b", "x", "new") == "a <!-- x -->new<!-- /x --> b"
    with pytest.raises(ValueError, match="exactly once"):
        derived.fill("a", "x", "new")


@pytest.mark.parametrize("python", [version for version in ("3.11", "3.12", "3.13") if version >= RUNNING])
@linux_packages
def test_requirements_are_one_pin_each_of_the_lock_without_test_tools(python):
    pins = [Requirement(line) for line in derived.requirements(ROOT, python).splitlines() if line[0] != "#"]
    names = [pin.name for pin in pins]
    assert len(names) == len(set(names))
    assert {"jax", "jaxlib", "jupyterlab", "fqdn"} <= set(names)  # fqdn: only through an extra
    assert not {"pytest", "nbval", "ruff", "jupyter-repo2docker", "appnope", "colorama", "pywinpty"} & set(names)
    assert all(str(pin.specifier).startswith("==") and pin.marker is None for pin in pins)


@linux_packages
@locked_packages
def test_requirements_satisfy_each_other():
    """What pip check would say of an environment with exactly these, for this Python."""
    target = derived.linux(RUNNING)
    pins = {pin.name: pin for pin in map(Requirement, derived.requirements(ROOT, RUNNING).splitlines()[1:])}
    for name in pins:
        for need in derived._applying(metadata.requires(name) or [], target):
            version = str(pins[need.name.lower().replace("_", "-").replace(".", "-")].specifier).removeprefix("==")
            assert need.specifier.contains(version, prereleases=True), f"{name} needs {need}"


def test_without_a_repository_there_is_neither_badge_nor_colab_cell():
    assert derived.badge("") == derived.colab("") == ""


def test_badge_and_colab_cell_are_made_from_the_repository():
    assert "https://mybinder.org/v2/gh/owner/course/HEAD?urlpath=lab/tree/notebooks/start-here.ipynb" in derived.badge(
        URL
    )
    assert derived.colab(URL).endswith("    %pip install -q git+https://github.com/owner/course")


@pytest.mark.parametrize(
    ("given", "url"), [("", ""), (URL, URL), (f"{URL}.git", URL), (f"{URL}/", URL), ("owner/course", None)]
)
def test_the_repository_field_is_read_and_checked(tmp_path, given, url):
    (tmp_path / "pyproject.toml").write_text(f'[tool.course]\nrepository = "{given}"\n', encoding="utf-8")
    if url is not None:
        assert derived.repository_url(tmp_path) == url
        return
    with pytest.raises(ValueError, match=r"must look like https://github\.com/OWNER/REPOSITORY, got 'owner/course'"):
        derived.repository_url(tmp_path)


def test_the_settings_that_binder_copies_are_those_of_course_lab():
    post_build = (ROOT / "binder" / "postBuild").read_text(encoding="utf-8")
    settings = (lab.SETTINGS / "overrides.json").relative_to(ROOT).as_posix()
    assert settings in post_build
    assert "set -e" in post_build
