import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.tooling import lint


def problems(source="x = 1", outputs=(), count=1, tags=()):
    """The lint's answer for a notebook with one code cell."""
    cell = new_code_cell(source, outputs=list(outputs), execution_count=count, metadata={"tags": list(tags)})
    return lint.problems(new_notebook(cells=[cell]))


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def picture(kind="image/png", **metadata):
    return new_output("display_data", data={kind: "aGk="}, metadata=metadata)


@pytest.mark.parametrize(
    "source",
    [
        "plt.plot(x);",
        "x;  # silent",
        "clear_output(wait=True)",
        "display(fig, display_id='loss')",
        "handle.update_display(fig)",
        "interact(draw, k=3)",
        "out = widgets.Output()",
        "%time fit()",
        "  %matplotlib inline",
        "!ls",
        "set_matplotlib_formats('svg')",
        "SVG(data)",
        "Out[3]",
        "_3 + 1",
        "# NBVAL_IGNORE_OUTPUT\nx",
        "print(jax.__version__)",
        "plt.show()",
        "open('/home/me/text.txt')",
        r"open('C:\data\text.txt')",
        "",
        "x = 1\n" * 26,
    ],
)
def test_fragile_source_is_reported(source):
    [problem] = problems(source)
    assert problem.startswith("cell 1: ")


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\n" * 25,
        "a = 'one; two'",
        "y = x_1 + x_2",
        "remainder = 7 % 3",
        "if a != b: print(a)",
        "inputs, Outputs = 1, 2",
        "loss_history[-1]",
        "claim('1.3c1', 'It holds.', measured=1, band=(0, 2))",
        "url = 'https://example.org/home/page'",
        "for _ in range(3): pass",
        "f'{x:_}'",
    ],
)
def test_ordinary_source_passes(source):
    assert problems(source) == []


@pytest.mark.parametrize(
    "output",
    [
        printed("UserWarning: deprecated\n", name="stderr"),
        printed("saved to /tmp/model.npz\n"),
        printed("<object at 0x7f3b2c>\n"),
        printed("loss 1.8862341234\n"),
        printed("✗ 1.3c1  It holds. · ours ≈3 in [0, 2] · outside the band\n"),
        new_output("execute_result", data={"text/plain": "<Figure size 640x480 with 1 Axes>"}, execution_count=1),
        new_output("error", ename="ValueError", evalue="no", traceback=[]),
        picture(),
        picture(**{"image/png": {"alt": "A line."}}),
        picture("image/svg+xml"),
    ],
)
def test_fragile_output_is_reported(output):
    [problem] = problems(outputs=[output])
    assert problem.startswith("cell 1: ")


@pytest.mark.parametrize(
    "output",
    [
        printed("✓ 1.3c1  It holds. · ours ≈1.8862341234 in [0, 2]\n"),
        printed("loss ≈ 1.88623412, a third/half\n"),
        printed("✗ 1.3a  Not yet: the width enters squared.\n"),
        printed("0.333333 and 12,345.5\n"),
        picture(**{"image/png": {"alt": "A line rises from one to two."}}),
    ],
)
def test_ordinary_output_passes(output):
    assert problems(outputs=[output]) == []


def test_an_unexecuted_cell_is_reported():
    assert problems(count=None) == ["cell 1: not executed: run `course refresh`"]


@pytest.mark.parametrize("tag", ["nbval-ignore-output", "nbval-skip", "raises-exception", "skip-execution"])
def test_tags_that_exempt_a_cell_are_reported(tag):
    assert problems(tags=[tag]) == [f"cell 1: tag {tag!r}: no cell is exempt from validation"]


def test_other_tags_pass():
    assert problems(tags=["signature"]) == []


def test_a_dead_link_is_found_and_the_web_is_left_alone(tmp_path):
    (tmp_path / "there.ipynb").touch()
    text = "[a](there.ipynb) [b](there.ipynb#section) [c](gone.ipynb) [d](https://x.org/y) [e](#z) ![f](lost.png)"
    assert lint.dead_links(text, tmp_path) == ["gone.ipynb", "lost.png"]


def test_links_are_sought_in_texts_and_outputs():
    output = new_output("display_data", data={"text/markdown": "[from an output](x)"})
    notebook = new_notebook(cells=[new_markdown_cell("[from a text](y)"), new_code_cell("1", outputs=[output])])
    assert lint.texts(notebook) == "[from a text](y)\n\n[from an output](x)"
