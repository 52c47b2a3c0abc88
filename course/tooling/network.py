"""No network: a namespace in which this process and its children see only the loopback device (Linux)."""

import ctypes
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = (
    0x10000000,
    0x40000000,
)  # <linux/sched.h>; os.unshare exists only from Python 3.12 on
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # <linux/sockios.h>, <linux/if.h>
OUTSIDE = ("192.0.2.1", 9)  # TEST-NET-1: an address that documentation may use, and nobody has


def cut_off() -> None:
    """Cut this process, and what it starts from now on, off the network; loopback works.

    Raises OSError where the machine does not allow it. Call it before any thread starts: a user namespace needs that.
    """
    if sys.platform != "linux":
        raise OSError(f"{sys.platform} has no network namespaces")
    user, group = os.getuid(), os.getgid()
    _unshare(CLONE_NEWNET if user == 0 else CLONE_NEWNET | CLONE_NEWUSER)
    if user != 0:
        _keep_identity(user, group)
    _raise_loopback()


def can_cut_off() -> str:
    """Why `cut_off` does not work here, or an empty string when it does: tried in a process of its own."""
    command = [sys.executable, "-m", "course.tooling.network"]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env={**os.environ, "PYTHONUTF8": "1"}
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip().splitlines()[-1]


def outside_is_reachable() -> bool:
    """Whether there is a route to an address outside this machine. Asks the kernel; sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(OUTSIDE)  # a datagram socket only looks up the route
        except OSError:
            return False
        return True


def loopback_works() -> bool:
    """Whether a connection from 127.0.0.1 to itself carries a byte."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), 5) as client,
    ):
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"1")
            return accepted.recv(1) == b"1"


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare: " + os.strerror(ctypes.get_errno()))


def _keep_identity(user: int, group: int) -> None:
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")  # Linux asks for this before gid_map
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def _raise_loopback() -> None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(device, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(device, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


if __name__ == "__main__":
    cut_off()
    sys.exit(0 if loopback_works() and not outside_is_reachable() else "the namespace is not as it should be")
