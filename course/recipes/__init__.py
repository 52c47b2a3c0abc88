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
    "sweep": ("jobs", "runs", "scale", "text", "peak"),
    "rates": ("jobs", "runs"),
    "ngrams": (),
    "ladder": ("jobs", "runs", "scale", "text", "peak"),
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
    """What the recipe's own `make` returns. Raises ValueError for an option that it does not take."""
    if unknown := sorted(options.keys() - set(RECIPES[name])):
        takes = ", ".join(f"--{option}" for option in RECIPES[name]) or "no options"
        raise ValueError(f"the recipe {name} does not take --{unknown[0]}; it takes {takes}.")
    return import_module(f"course.recipes.{name}").make(**options)
