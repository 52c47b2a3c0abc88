"""Explorer: a figure with sliders, which still says something where there is no kernel."""

import html
from collections.abc import Callable

from course.lesson import words
from course.lesson.environment import headless, publish_widget
from course.lesson.figures import caption, check_alt, display_picture, png_metadata, render
from course.lesson.numbers import as_number, describe, name_error, plain


class Explorer:
    """A figure that is drawn anew when a slider moves. End a cell with it to show it.

    draw(**values) returns a matplotlib Figure. Each slider is (low, high, step, initial), a list of options whose
    first is the initial one, or a text to begin with, for a box to type in. alt describes the initial picture, the
    one seen without a kernel.
    """

    def __init__(self, draw: Callable, *, alt: str, **sliders):
        if not callable(draw):
            raise TypeError(words.NOT_A_FUNCTION.format(given=describe(draw)))
        self._draw, self._alt, self._sliders = draw, check_alt(alt), sliders
        self.values = {name: _initial(name, slider) for name, slider in sliders.items()}
        self._picture = render(draw(**self.values))
        self._controls, self._image, self._message = {}, None, None  # widgets, made when first displayed

    @property
    def png(self) -> bytes:
        """The current picture."""
        return self._picture.png

    def set(self, **values) -> bytes:
        """The picture at these values, the others staying as they are. If draw raises, nothing changes."""
        unknown = sorted(values.keys() - self.values.keys())
        if unknown:
            raise ValueError(words.NO_SLIDER.format(name=unknown[0], known=", ".join(self.values)))
        wanted = self.values | values
        self._picture, self.values = render(self._draw(**wanted)), wanted
        self._refresh_widgets()
        return self.png

    def widget(self):
        """The live form: the sliders, the picture, a line for errors, and the description."""
        import ipywidgets as widgets

        if self._image is None:
            size = {"width": f"{self._picture.width}px", "max_width": "100%"}
            self._image, self._message = widgets.Image(layout=size), widgets.HTML()
            self._controls = {name: _control(name, slider) for name, slider in self._sliders.items()}
            for control in self._controls.values():
                control.observe(self._on_move, "value")
            self._refresh_widgets()
        description = widgets.HTML(caption(self._alt))
        return widgets.VBox([*self._controls.values(), self._image, self._message, description])

    def __repr__(self) -> str:
        return f"Explorer({', '.join(self._sliders)})"

    def _ipython_display_(self) -> None:
        if headless():
            display_picture(self._picture, self._alt)
            return
        metadata = png_metadata(self._picture, self._alt)
        publish_widget(self.widget(), repr(self), {"image/png": self.png}, metadata)

    def _on_move(self, _change) -> None:
        """Redraw at the sliders' values; where that fails, say so and keep the last good picture."""
        try:
            self.set(**{name: control.value for name, control in self._controls.items()})
        except Exception as error:
            self._message.value = html.escape(words.DRAW_FAILED.format(error=name_error(error)))

    def _refresh_widgets(self) -> None:
        """Bring picture and sliders in line with the values, without drawing once more."""
        if self._image is None:
            return
        self._image.value, self._message.value = self.png, ""
        for name, control in self._controls.items():
            control.unobserve(self._on_move, "value")
            control.value = self.values[name]
            control.observe(self._on_move, "value")


def _initial(name: str, slider) -> object:
    """The slider's initial value; ValueError when the slider is not understood."""
    if isinstance(slider, str):
        return slider
    if isinstance(slider, list) and slider:
        return slider[0]
    if isinstance(slider, tuple) and len(slider) == 4:
        low, high, step, initial = slider
        if None not in map(as_number, slider) and low < high and step > 0 and low <= initial <= high:
            return initial
    raise ValueError(words.BAD_SLIDER.format(name=name, given=describe(slider)))


def _control(name: str, slider):
    """The widget: a slider for (low, high, step, initial) or numbers, buttons for other options, a box for a text."""
    import ipywidgets as widgets

    label = {"description": name.replace("_", " "), "style": {"description_width": "initial"}}
    # Drawing takes longer than the pointer moves: redraw where it stops, and at each press of an arrow key.
    settled = {"continuous_update": False}
    if isinstance(slider, str):
        return widgets.Text(value=slider, **label, **settled)
    if isinstance(slider, tuple):
        low, high, step, initial = slider
        whole = all(isinstance(number, int) for number in slider)
        kind = widgets.IntSlider if whole else widgets.FloatSlider
        return kind(value=initial, min=low, max=high, step=step, **label, **settled)
    if all(isinstance(option, (int, float)) for option in slider):
        options = [(plain(option), option) for option in slider]
        return widgets.SelectionSlider(options=options, **label, **settled)
    # Not a menu: JupyterLab takes its arrow keys for moving between cells.
    return widgets.ToggleButtons(options=slider, description=label["description"], style={"button_width": "auto"})
