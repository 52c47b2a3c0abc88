"""Running somebody else's function: for a limited time, and quietly."""

import contextlib
import io
import signal
import threading
import warnings
from collections.abc import Callable, Iterator

AGAIN_S = 0.001  # the alarm rings on: an `except:` in an endless loop swallows most, until one falls outside it


class TimeLimit(BaseException):
    """The time is up. Not an Exception: an `except Exception` in the code that runs must not swallow it."""


def within(seconds: float, function: Callable):
    """function(), or TimeLimit when it has not returned after so many seconds.

    Only Python code can be stopped: `sum(itertools.count())` never comes back to it, and needs the kernel restarted.
    """
    on_main_thread = threading.current_thread() is threading.main_thread()
    if on_main_thread and hasattr(signal, "setitimer"):
        return _with_alarm(seconds, function)
    return _with_thread(seconds, function)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing that runs inside prints or warns, so that a check stays one line."""
    silence = _Nowhere()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _Nowhere(io.TextIOBase):
    """Keeps nothing, however much is printed."""

    def write(self, text: str) -> int:
        return len(text)


def _with_alarm(seconds: float, function: Callable):
    def ring(_signal, _frame):
        raise TimeLimit

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_S)
    try:
        try:
            return function()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # also when the last alarm rang just there: the system's own handler would end the kernel
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)


def _with_thread(seconds: float, function: Callable):
    """Where there is no alarm: a thread, left behind when the time is up, since threads cannot be stopped."""
    outcome = {}

    def work() -> None:
        try:
            outcome["value"] = function()
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise TimeLimit
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]
