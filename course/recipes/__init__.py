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


RECIPES = {"texts": _texts, "proteins": _proteins, "digits": _digits, "sweep": _sweep}
