"""How the bundled files were made. Each recipe is a module with a function make(...), run by `course make NAME`."""

from importlib import import_module

RECIPES = {  # name of the module -> what its `make` is told
    "texts": ("sources",),
    "proteins": ("sources",),
    "digits": (),
    "emoji": ("sources",),
    "glyphs": ("sources",),
    "animals": ("sources",),
    "icons": ("sources",),
    "declaration": ("sources",),
    "vowels": (),
    "voices": ("sources",),
    "sweep": ("jobs", "runs", "scale", "text"),
    "ngrams": (),
    "ladder": ("jobs", "runs", "scale", "text"),
    "eye": ("runs",),
    "deltas": ("jobs", "runs"),
    "black_box": ("jobs", "runs"),
    "verbaliser": ("jobs", "runs"),
    "visual_deltas": ("jobs", "runs"),
    "clip": ("runs",),
    "reader": ("runs",),
    "sketcher": ("runs",),
    "tokeniser": ("runs",),
    "painter": ("runs",),
    "contrast": ("jobs", "runs"),
    "labels": ("jobs", "runs"),
    "web": ("sources",),
}


def make(name: str, **options):
    """What the recipe's own `make` returns. Of the options it gets those that it takes."""
    return import_module(f"course.recipes.{name}").make(**{key: options[key] for key in RECIPES[name]})
