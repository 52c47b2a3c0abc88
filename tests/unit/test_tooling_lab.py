import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from course.tooling import lab, notebooks

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="stops the server with a POSIX signal")
NEWS = "@jupyterlab/apputils-extension:notification"


def test_a_checkout_is_opened_as_it_is(tmp_path):
    assert lab.workspace(tmp_path) == (ROOT, "notebooks/start-here.ipynb")
    assert list(tmp_path.iterdir()) == []


def test_an_installed_course_copies_its_notebooks_first(tmp_path, write_lesson, monkeypatch):
    source = write_lesson(name="start-here").parent
    monkeypatch.setattr(notebooks, "checkout", lambda: None)
    monkeypatch.setattr(notebooks, "folder", lambda: source)
    root, start = lab.workspace(tmp_path / "home")
    assert root == tmp_path / "home" / "big-models-small-machine"
    assert (root / start).read_bytes() == (source / "start-here.ipynb").read_bytes()


def test_copying_never_overwrites(tmp_path, write_lesson):
    source, target = write_lesson().parent, tmp_path / "mine"
    [copy] = lab.copy_notebooks(source, target)
    copy.write_text("my work", encoding="utf-8")
    assert lab.copy_notebooks(source, target) == []
    assert copy.read_text(encoding="utf-8") == "my work"


def test_the_server_listens_on_this_machine_only_and_keeps_its_port():
    command = lab.command(Path("root"), "start-here.ipynb", 8890, browser=True, as_root=False)
    assert {"--ServerApp.ip=127.0.0.1", "--ServerApp.port=8890", "--ServerApp.port_retries=0"} <= set(command)
    assert not {"--no-browser", "--allow-root"} & set(command)


def test_a_port_that_another_server_takes_meanwhile_is_given_up(monkeypatch, capsys):
    """Two readers start at the same moment on one machine: the slower one gets the next port."""
    first, tried = lab.free_port(), []
    with socket.socket() as other:

        def start(command, env):
            tried.append(int(command[4].removeprefix("--ServerApp.port=")))
            if len(tried) == 1:
                other.bind((lab.HOST, first))
                other.listen()
                return 1
            return 0

        monkeypatch.setattr(lab.subprocess, "call", start)
        assert lab.launch(browser=False) == 0
    assert tried[0] == first
    assert tried[1] > first
    assert f":{tried[1]}/lab" in capsys.readouterr().out


def test_a_server_that_fails_for_another_reason_is_not_started_again(monkeypatch):
    tried = []
    monkeypatch.setattr(lab.subprocess, "call", lambda command, env: tried.append(command) or 3)
    assert lab.launch(browser=False) == 3
    assert len(tried) == 1


def test_root_and_a_missing_browser_are_told_to_jupyter_and_to_the_reader():
    command = lab.command(Path("root"), "start-here.ipynb", 8890, browser=False, as_root=True)
    assert {"--no-browser", "--allow-root"} <= set(command)
    greeting = lab.greeting("http://127.0.0.1:8890/lab", browser=False, as_root=True)
    assert greeting.startswith("In a few seconds, open this address in a browser:\n\n    http://127.0.0.1:8890/lab\n")
    assert "Warning: you are root" in greeting
    assert "Warning" not in lab.greeting("http://127.0.0.1:8890/lab", browser=True, as_root=False)


def test_a_taken_port_is_passed_over_or_refused_when_asked_for():
    with socket.create_server((lab.HOST, 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(OSError, match=f"port {taken} is in use"):
            lab.free_port(taken)
    assert lab.free_port(taken) == taken


def test_without_a_display_there_is_no_browser(monkeypatch):
    monkeypatch.setattr(lab.sys, "platform", "linux")
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(variable, raising=False)
    assert not lab.has_browser()


@pytest.fixture
def running(tmp_path):
    """A running `course lab`: (the server's process, its address, its token); its own files lie in the folder."""
    environment = {**os.environ, "JUPYTER_DATA_DIR": str(tmp_path / "data"), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    environment.pop("JUPYTER_RUNTIME_DIR", None)
    command = [sys.executable, "-m", "course.cli", "lab", "--no-browser"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
    try:
        url, token = wait_for_address(tmp_path / "log")
        yield psutil.Process(server.pid), url.partition("/lab")[0], token
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@posix
def test_the_printed_address_answers_with_its_token_only(running):
    _, base, token = running
    assert status(f"{base}/api/contents?token={token}") == 200
    for path in ("api/contents", "api/kernels", "api/terminals", "api/kernelspecs", "terminals/websocket/1"):
        assert status(f"{base}/{path}") == 403, path
    with urllib.request.urlopen(f"{base}/files/README.md", timeout=30) as asked_for_the_token:
        assert "Big Models" not in asked_for_the_token.read().decode()
    settings = urllib.request.urlopen(f"{base}/lab/api/settings/{NEWS}?token={token}", timeout=30)
    assert json.load(settings)["schema"]["properties"]["fetchNews"]["default"] == "false"


@posix
def test_server_and_kernels_listen_on_this_machine_only(running):
    server, base, token = running
    kernel = post(f"{base}/api/kernels?token={token}", b"{}")
    assert status(f"{base}/api/kernels/{kernel['id']}/channels") == 403  # the websocket, without the token
    processes = [server, *server.children(recursive=True)]
    while len(listening := [c for process in processes for c in process.net_connections() if c.status == "LISTEN"]) < 5:
        time.sleep(0.2)  # until the kernel has opened its five ports
        processes = [server, *server.children(recursive=True)]
    assert {connection.laddr.ip for connection in listening} <= {"127.0.0.1", "::1"}


@posix
def test_other_users_see_the_token_nowhere(running, tmp_path):
    server, base, token = running
    post(f"{base}/api/kernels?token={token}", b"{}")
    commands = [" ".join(process.cmdline()) for process in (server, *server.children(recursive=True))]
    assert len(commands) > 1
    assert not any(token in command for command in commands)
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "log"]
    telling = [path for path in written if token.encode() in path.read_bytes()]
    assert telling
    assert [path.name for path in telling if path.parent.stat().st_mode & path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
def test_no_stored_notebook_holds_an_address_of_a_server(path):
    assert not re.search(r"token=|localhost:\d|127\.0\.0\.1:\d", path.read_text(encoding="utf-8"))


def post(url: str, body: bytes) -> dict:
    with urllib.request.urlopen(urllib.request.Request(url, body, method="POST"), timeout=60) as reply:
        return json.load(reply)


def wait_for_address(log: Path, seconds: float = 120) -> tuple[str, str]:
    """(address, token) from the log, once the server answers there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if match := re.search(r"(http://127\.0\.0\.1:\d+/lab/tree/\S+)\?token=(\S+)", log.read_text(encoding="utf-8")):
            with socket.socket() as probe:
                if probe.connect_ex((lab.HOST, int(match[1].split(":")[2].split("/")[0]))) == 0:
                    return match[1], match[2]
        time.sleep(0.5)
    raise AssertionError(log.read_text(encoding="utf-8"))


def status(url: str) -> int:
    try:
        return urllib.request.urlopen(url, timeout=30).status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@pytest.mark.parametrize("cwd", ["", "notebooks", "notebooks/1-scaling"])
def test_the_readers_notebooks_are_those_of_the_clone_although_the_package_is_installed(tmp_path, monkeypatch, cwd):
    """As on Binder: a copy in site-packages, the clone in the reader's home."""
    monkeypatch.setattr(notebooks, "checkout", lambda: None)
    (tmp_path / "notebooks" / "1-scaling").mkdir(parents=True)
    (tmp_path / "notebooks" / "start-here.ipynb").write_text("{}")
    assert lab.notebooks_here(tmp_path / cwd) == tmp_path / "notebooks"


def test_without_notebooks_nearby_the_readers_are_those_that_course_lab_opens(tmp_path, monkeypatch):
    assert lab.notebooks_here(tmp_path) == notebooks.folder()
    monkeypatch.setattr(notebooks, "checkout", lambda: None)
    assert lab.notebooks_here(tmp_path) == tmp_path / lab.COPY
