"""The lessons as a site to read without Jupyter: Sphinx with MyST-NB and Furo, nothing asked of the network.

This module is also the site's Sphinx extension: it sets equations with the KaTeX that the course ships.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.recipes.web import WEB
from course.tooling import notebooks

TITLE = "Big Models, Small Machine"
NEEDED = ("sphinx", "myst_nb", "furo")
SETTINGS = {
    "project": TITLE,
    "html_title": TITLE,
    "extensions": ["myst_nb", __name__],
    "html_theme": "furo",
    "html_math_renderer": "katex",
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_render_markdown_format": "myst",  # outputs too may hold equations and tables
    "myst_enable_extensions": ["dollarmath", "amsmath"],
    "myst_heading_anchors": 3,
    "suppress_warnings": ["mystnb.unknown_mime_type", "myst.header"],
    "pygments_style": "a11y-high-contrast-light",
    "html_copy_source": False,
    "html_use_index": False,
    "html_show_sphinx": False,
    "html_show_copyright": False,
    "html_css_files": ["katex/katex.min.css", "site.css"],
    "html_js_files": ["katex/katex.min.js", "katex/auto-render.min.js", "site.js"],
    "html_static_path": ["_static", str(WEB / "site")],
}


def build(output: Path) -> list[str]:
    """Sphinx's warnings, after writing the site into the folder.

    Raises ModuleNotFoundError with the command that installs what is missing.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        install = 'python -m pip install "big-models-small-machine[site]"'
        raise OSError(f"the site is made by Sphinx, and {', '.join(missing)} is not installed. Install it: {install}")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        write_source(source)
        warnings = _run_sphinx(source, Path(folder) / "site", Path(folder) / "doctrees")
        shutil.copytree(Path(folder) / "site", output, dirs_exist_ok=True)  # MyST-NB writes beside its site, too
        return warnings


def write_source(source: Path) -> None:
    """Write the pages that Sphinx reads: an index, the lessons, the page for instructors, KaTeX."""
    lessons = notebooks.lessons()
    for lesson in lessons:
        path = source / lesson["path"].relative_to(notebooks.folder())
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(for_reading(notebooks.read(lesson["path"])), path)
    shutil.copy(notebooks.folder() / "teaching.md", source)
    shutil.copytree(WEB / "katex", source / "_static" / "katex")
    (source / "index.md").write_text(index(lessons), encoding="utf-8")


def for_reading(notebook: NotebookNode) -> NotebookNode:
    """The notebook with what MyST-NB wants to be told of its cells: figures' descriptions, and which code is folded."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
    return notebook


def index(lessons: Iterable[dict]) -> str:
    """The front page, in Markdown: what each lesson is about, and the order of the pages."""
    paths = {lesson["path"].relative_to(notebooks.folder()).as_posix(): lesson for lesson in lessons}
    rows = "\n".join(f"* [{title(lesson)}]({path}): {lesson['summary']}" for path, lesson in paths.items())
    tree = "\n".join(
        ["```{toctree}", ":hidden:", "", *(path.removesuffix(".ipynb") for path in paths), "teaching", "```"]
    )
    return (
        f"# {TITLE}\n\nA course on big AI models. Every lesson asks, lets you predict, and settles the question with a "
        "real experiment on one core.\nHere it is to read; to run it, open the notebooks in JupyterLab.\n\n"
        f"{rows}\n\nFor those who teach: [Teaching with this course](teaching.md).\n\n{tree}\n"
    )


def title(lesson: dict) -> str:
    """The lesson's number and title."""
    return lesson["title"] if lesson["path"].stem == notebooks.START else f"{lesson['lesson']} {lesson['title']}"


def dead_links(site: Path) -> list[str]:
    """The addresses inside the site that lead nowhere, as "page: address"."""
    pages = {page: page.read_text(encoding="utf-8") for page in sorted(site.rglob("*.html"))}
    inside = re.compile(r"""(?:href|src)="(?!\w+:)([^"#?]+)""")
    return [
        f"{page.relative_to(site).as_posix()}: {address}"
        for page, text in pages.items()
        for address in inside.findall(text)
        if not (page.parent / address).exists()
    ]


def setup(app) -> dict:
    """Sphinx's entry: equations stay as they are written, and KaTeX sets them in the reader's browser."""
    app.add_html_math_renderer("katex", (_inline_equation, None), (_displayed_equation, None))
    app.connect("config-inited", lambda _, config: setattr(config, "pygments_dark_style", "a11y-high-contrast-dark"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline_equation(writer, node) -> None:
    from docutils import nodes

    writer.body.append(f'<span class="math">\\({writer.encode(node.astext())}\\)</span>')
    raise nodes.SkipNode


def _displayed_equation(writer, node) -> None:
    from docutils import nodes

    writer.body.append(f'<div class="math">\\[{writer.encode(node.astext())}\\]</div>')
    raise nodes.SkipNode


def _run_sphinx(source: Path, output: Path, doctrees: Path) -> list[str]:
    from io import StringIO

    from sphinx.application import Sphinx

    warnings = StringIO()
    app = Sphinx(source, None, output, doctrees, "html", confoverrides=SETTINGS, status=None, warning=warnings)
    app.build()
    return [line for line in warnings.getvalue().splitlines() if line.strip()]
