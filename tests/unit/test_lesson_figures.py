import io

import matplotlib
import numpy as np
import pytest
from PIL import Image

from course.lesson import COLORS, figure, figures, lecture_mode, show

ALT = "A line that rises from the lower left to the upper right."


@pytest.fixture
def published(monkeypatch):
    """The outputs that a call displays, as (data, metadata)."""
    outputs = []
    monkeypatch.setattr(figures, "publish", lambda data, metadata=None: outputs.append((data, metadata)))
    return outputs


def line_figure(points: int = 50):
    fig, ax = figure()
    ax.plot(np.arange(points), markevery=5, label="a line")
    ax.set(title="A line", xlabel="x", ylabel="y")
    ax.legend()
    return fig


def test_show_stores_a_picture_with_its_description_twice(published):
    show(line_figure(), alt=ALT)
    (picture, metadata), (caption, _) = published
    assert metadata["image/png"]["alt"] == ALT
    assert picture["text/plain"] == "<Figure>"
    assert ALT in caption["text/html"]
    assert caption["text/plain"] == ALT


def test_the_picture_is_white_opaque_sharp_and_small(published):
    show(line_figure(), alt=ALT)
    data, metadata = published[0][0]["image/png"], published[0][1]["image/png"]
    picture = Image.open(io.BytesIO(data))
    pixels = np.asarray(picture.convert("RGBA"))
    assert (pixels[0, 0] == 255).all()
    assert (pixels[..., 3] == 255).all()
    assert picture.width == 2 * metadata["width"] == 2 * 768
    assert picture.height <= 2 * 500  # leaves room for a few lines of code on a screen of 720
    assert len(data) < 150_000


def test_a_noisy_picture_gets_fewer_pixels_rather_than_a_large_file():
    fig, ax = figure()
    ax.imshow(np.random.default_rng(0).random((900, 1600)), aspect="auto")
    noisy = Image.open(io.BytesIO(figures.render(fig).png))
    assert noisy.width < 2 * 768


def test_the_same_figure_gives_the_same_bytes():
    assert figures.render(line_figure()) == figures.render(line_figure())


def test_the_caption_is_escaped(published):
    show(line_figure(), alt="Loss < 1 & accuracy > 0.5, all along the curve.")
    assert "Loss &lt; 1 &amp; accuracy &gt; 0.5" in published[1][0]["text/html"]


@pytest.mark.parametrize("alt", ["", "short", " " * 40, None])
def test_a_figure_without_a_description_is_refused(alt, published):
    with pytest.raises(ValueError, match="alt must say what the figure shows, in at least 20 characters"):
        show(line_figure(), alt=alt)
    assert published == []


def test_what_is_no_figure_is_refused(published):
    with pytest.raises(TypeError, match="show\\(\\) needs a matplotlib Figure, got Axes"):
        show(figure()[1], alt=ALT)


def test_a_pyplot_figure_is_closed(published):
    import matplotlib.pyplot as plt

    matplotlib.use("agg")
    fig = plt.figure()
    show(fig, alt=ALT)
    assert not plt.fignum_exists(fig.number)


def test_type_is_readable_and_every_colour_has_its_marker():
    lines = figure()[1].plot(np.eye(len(COLORS)))
    assert len({line.get_color() for line in lines}) == len(COLORS)
    assert len({line.get_marker() for line in lines}) == len(COLORS)
    _, ax = figure()
    labels = [ax.title, ax.xaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels()]
    assert min(label.get_fontsize() for label in labels) >= 12


def test_several_panels_come_as_an_array():
    fig, axes = figure(width=10, height=4, ncols=2, sharey=True)
    assert axes.shape == (2,)
    assert tuple(fig.get_size_inches()) == (10, 4)


def test_lecture_mode_enlarges_type_and_lines_and_goes_back(capsys):
    def sizes():
        _, ax = figure()
        return ax.title.get_fontsize(), ax.plot([1, 2])[0].get_linewidth()

    usual = sizes()
    lecture_mode()
    large = sizes()
    lecture_mode(on=False)
    assert all(big >= 1.3 * small for big, small in zip(large, usual, strict=True))
    assert sizes() == usual
    assert capsys.readouterr().out == "Lecture mode on: larger type, thicker lines.\nLecture mode off.\n"


def test_what_a_reader_sets_in_rc_params_is_kept(monkeypatch):
    figure()
    monkeypatch.setitem(matplotlib.rcParams, "lines.linewidth", 5.0)
    assert figure()[1].plot([1, 2])[0].get_linewidth() == 5.0
