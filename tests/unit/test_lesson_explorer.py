import pytest

from course.lesson import Explorer, environment, figure, figures

ALT = "A straight line whose slope follows the slider."


def draw(slope=1, colour="blue"):
    if slope == 4:
        raise ValueError("four is <forbidden>")
    fig, ax = figure(width=3, height=2)
    ax.plot([0, 1], [0, slope], color=colour)
    ax.set_ylim(0, 6)
    return fig


@pytest.fixture
def lines():
    return Explorer(draw, alt=ALT, slope=(1, 5, 1, 2))


@pytest.fixture
def outputs(monkeypatch):
    seen = []
    for module in (environment, figures):
        monkeypatch.setattr(module, "publish", lambda data, metadata=None: seen.append((data, metadata)))
    return seen


def test_it_starts_with_the_initial_values(lines):
    assert lines.values == {"slope": 2}
    assert lines.png == figures.render(draw(slope=2)).png


def test_it_is_driven_from_python(lines):
    assert lines.set(slope=3) == lines.png == figures.render(draw(slope=3)).png
    assert lines.values == {"slope": 3}


def test_a_value_that_cannot_be_drawn_changes_nothing(lines):
    before = lines.png
    with pytest.raises(ValueError, match="forbidden"):
        lines.set(slope=4)
    assert (lines.png, lines.values) == (before, {"slope": 2})


def test_an_unknown_slider_is_named(lines):
    with pytest.raises(ValueError, match="no slider 'width'; it has slope"):
        lines.set(width=3)


def test_headless_it_shows_the_picture_and_no_widget(lines, outputs):
    lines._ipython_display_()
    (picture, metadata), (caption, _) = outputs
    assert picture == {"image/png": lines.png, "text/plain": "<Figure>"}
    assert metadata["image/png"]["alt"] == ALT
    assert ALT in caption["text/html"]


def test_live_it_shows_the_widget_and_the_picture_for_later(lines, outputs, monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "0")
    lines._ipython_display_()
    ((data, metadata),) = outputs
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["image/png"] == lines.png
    assert data["text/plain"] == repr(lines) == "Explorer(slope)"
    assert metadata["image/png"]["alt"] == ALT


def test_moving_the_slider_redraws(lines):
    slider, image, *_ = lines.widget().children
    assert (slider.description, slider.value, image.value) == ("slope", 2, lines.png)
    slider.value = 5
    assert lines.values == {"slope": 5}
    assert image.value == lines.png == figures.render(draw(slope=5)).png


def test_a_failing_draw_is_a_sentence_and_the_last_picture_stays(lines):
    slider, image, message, _ = lines.widget().children
    good = image.value
    slider.value = 4
    assert image.value == good
    assert "ValueError: four is &lt;forbidden&gt;" in message.value
    slider.value = 3
    assert image.value != good
    assert message.value == ""


def test_setting_from_python_moves_the_slider_and_draws_once(lines, monkeypatch):
    slider, image, *_ = lines.widget().children
    calls = []
    monkeypatch.setattr(lines, "_draw", lambda **values: calls.append(values) or draw(**values))
    lines.set(slope=3)
    assert (slider.value, image.value, calls) == (3, lines.png, [{"slope": 3}])
    slider.value = 5
    assert calls == [{"slope": 3}, {"slope": 5}]


def test_each_kind_of_slider():
    sliders = {
        "whole": (1, 5, 1, 2),
        "rate": (0.0, 1.0, 0.1, 0.5),
        "size": [1e6, 1e9],
        "text_kind": ["a", "b"],
        "word": "paka",
    }
    controls = Explorer(lambda **_: draw(), alt=ALT, **sliders).widget()
    kinds = [(type(child).__name__, child.value, child.description) for child in controls.children[:5]]
    assert kinds == [
        ("IntSlider", 2, "whole"),
        ("FloatSlider", 0.5, "rate"),
        ("SelectionSlider", 1e6, "size"),
        ("ToggleButtons", "a", "text kind"),
        ("Text", "paka", "word"),
    ]


@pytest.mark.parametrize("slider", [(5, 1, 1, 2), (1, 5, 0, 2), (1, 5, 1, 9), (1, 5, 1), [], 3])
def test_a_slider_that_makes_no_sense_is_refused(slider):
    with pytest.raises(ValueError, match="slider 'slope' must be"):
        Explorer(draw, alt=ALT, slope=slider)


def test_a_description_is_required():
    with pytest.raises(ValueError, match="alt must say"):
        Explorer(draw, alt="line", slope=(1, 5, 1, 2))
