"""Handing freed memory back to the system, so that three lessons fit into two gigabytes."""

import contextlib
import ctypes
import functools
import sys


def release() -> None:
    """Hands back what was freed: after each program XLA's compiler leaves 150 MB in the C library, unused."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library, such as musl
            ctypes.CDLL("libc.so.6").malloc_trim(0)


@functools.cache
def release_after_every_cell() -> None:
    """In a notebook, from now on, `release` after each of its cells."""
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()) is not None:
        shell.events.register("post_run_cell", lambda result: release())
