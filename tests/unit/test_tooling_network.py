import subprocess
import sys

import pytest

from course.tooling import network

needs_namespaces = pytest.mark.skipif(network.can_cut_off() != "", reason="no network namespaces here")


def test_loopback_works_here():
    assert network.loopback_works()


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_why_it_cannot_be_done_is_one_line():
    assert "\n" not in network.can_cut_off()


@needs_namespaces
def test_cut_off_leaves_loopback_and_nothing_else():
    program = (
        "import socket\n"
        "from course.tooling import network\n"
        "network.cut_off()\n"
        "assert network.loopback_works()\n"
        "assert not network.outside_is_reachable()\n"
        "assert [name for _, name in socket.if_nameindex()] == ['lo']\n"
        "try:\n"
        "    socket.create_connection(network.OUTSIDE, 5)\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Network is unreachable"


@needs_namespaces
def test_children_are_cut_off_too_and_others_are_not():
    before = network.outside_is_reachable()
    child = "from course.tooling import network; print(network.outside_is_reachable())"
    program = (
        "import subprocess, sys\n"
        "from course.tooling import network\n"
        "network.cut_off()\n"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert network.outside_is_reachable() == before


def test_elsewhere_it_is_refused_with_the_platform_named(monkeypatch):
    monkeypatch.setattr(network.sys, "platform", "darwin")
    with pytest.raises(OSError, match="darwin has no network namespaces"):
        network.cut_off()
