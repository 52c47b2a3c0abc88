"""How the bundled files were made. Each recipe is a function make(...), run by `course make NAME`."""


def _texts(sources, jobs):
    from course.recipes import texts

    return texts.make(sources)


def _proteins(sources, jobs):
    from course.recipes import proteins

    return proteins.make(sources)


def _digits(sources, jobs):
    from course.recipes import digits

    return digits.make()


def _sweep(sources, jobs):
    from course.recipes import sweep

    return sweep.make(jobs)


def _ladder(sources, jobs):
    from course.recipes import ladder

    return ladder.make(jobs)


def _emoji(sources, jobs):
    from course.recipes import emoji

    return emoji.make(sources)


def _glyphs(sources, jobs):
    from course.recipes import glyphs

    return glyphs.make(sources)


def _animals(sources, jobs):
    from course.recipes import animals

    return animals.make(sources)


def _icons(sources, jobs):
    from course.recipes import icons

    return icons.make(sources)


def _eye(sources, jobs):
    from course.recipes import eye

    return eye.make()


RECIPES = {
    "texts": _texts,
    "proteins": _proteins,
    "digits": _digits,
    "emoji": _emoji,
    "glyphs": _glyphs,
    "animals": _animals,
    "icons": _icons,
    "sweep": _sweep,
    "ladder": _ladder,
    "eye": _eye,
}
