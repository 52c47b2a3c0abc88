"""JupyterLab on this machine: where it listens, what it opens, and how the reader gets there."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import webbrowser
from pathlib import Path

from course.tooling import notebooks

HOST = "127.0.0.1"
FIRST_PORT, PORTS = 8888, 100
COPY = "big-models-small-machine"  # where an installed course puts the reader's own notebooks
SETTINGS = notebooks.PACKAGE / "tooling" / "lab_settings"  # overrides.json: no news, no update checks, no windowing


def launch(port: int | None = None, browser: bool = True) -> int:
    """JupyterLab's exit status, once the reader stops it. The address, with its token, is printed first.

    Raises OSError when the port is taken.
    """
    chosen = free_port(port)
    status = _run(chosen, browser and has_browser())
    lost = status != 0 and port is None and not _is_free(chosen)  # another server took it while this one started
    return launch(port, browser) if lost else status


def _run(port: int, browser: bool) -> int:
    root, start = workspace(Path.cwd())
    token = secrets.token_urlsafe(24)
    print(greeting(address(port, start, token), browser, is_root()), flush=True)
    # The token goes this way because other users see the arguments.
    environment = {**os.environ, "JUPYTER_TOKEN": token, "PATH": path_with_course()}
    try:
        return subprocess.call(command(root, start, port, browser, is_root()), env=environment)
    except KeyboardInterrupt:
        return 0


def path_with_course() -> str:
    """PATH, so that `!course save` in a cell finds this installation's command, also when nobody activated it."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def workspace(here: Path) -> tuple[Path, str]:
    """(the folder that JupyterLab shows, start-here's path in it).

    A checkout is used as it is; an installed package's notebooks are first copied into a folder below `here`.
    """
    if root := notebooks.checkout():
        return root, f"notebooks/{notebooks.START}.ipynb"
    copy_notebooks(notebooks.folder(), here / COPY)
    return here / COPY, f"{notebooks.START}.ipynb"


def notebooks_here(here: Path) -> Path:
    """The folder of the reader's notebooks: the one in or above `here`, wherever the package itself is installed.

    Where there is none, as in a new folder, it is the one that `workspace` gives.
    """
    for folder in (candidate for above in (here, *here.parents) for candidate in (above, above / "notebooks")):
        if (folder / f"{notebooks.START}.ipynb").is_file():
            return folder
    root, start = workspace(here)
    return root / Path(start).parent


def copy_notebooks(source: Path, target: Path) -> list[Path]:
    """The notebooks newly copied below `target`; one that is there already is the reader's and stays."""
    copied = []
    for path in notebooks.paths(source):
        copy = target / path.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            copied.append(copy)
    return copied


def command(root: Path, start: str, port: int, browser: bool, as_root: bool) -> list[str]:
    """The command line that starts JupyterLab on this machine only."""
    options = [
        f"--ServerApp.ip={HOST}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}", f"--LabApp.default_url=/lab/tree/{start}",
        f"--LabApp.app_settings_dir={SETTINGS}",
    ]  # fmt: skip
    flags = ["--no-browser"] * (not browser) + ["--allow-root"] * as_root
    return [sys.executable, "-m", "jupyterlab", *options, *flags]


def address(port: int, start: str, token: str) -> str:
    """The address that opens the notebook."""
    return f"http://{HOST}:{port}/lab/tree/{start}?token={token}"


def greeting(address: str, browser: bool, as_root: bool) -> str:
    """What the reader should know before JupyterLab's own log begins."""
    opens = "JupyterLab opens in your browser; if it does not, open"
    first = opens if browser else "In a few seconds, open this address in a browser:"
    lines = [first, "", f"    {address}", "", "Stop it with Ctrl-C. Save your work first."]
    if as_root:
        lines.append("Warning: you are root, and so are your notebooks. Fine in a container, unwise elsewhere.")
    return "\n".join(lines)


def free_port(wanted: int | None = None) -> int:
    """The wanted port, or the first free one from 8888 on.

    Raises OSError when the wanted one, or every one of them, is taken.
    """
    candidates = [wanted] if wanted else range(FIRST_PORT, FIRST_PORT + PORTS)
    for port in candidates:
        if _is_free(port):
            return port
    raise OSError(f"port {wanted or f'{FIRST_PORT} to {FIRST_PORT + PORTS - 1}'} is in use: name another with --port.")


def has_browser() -> bool:
    """Whether a browser with a window can be started here."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return bool(os.environ.get("BROWSER"))
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def is_root() -> bool:
    """Whether this process has root's rights, which Jupyter refuses unless told otherwise."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":  # there the option would let two servers share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
