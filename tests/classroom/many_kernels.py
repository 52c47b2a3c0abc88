"""Measures a class on one machine: many kernels that run a lesson at the same time.

    python tests/classroom/many_kernels.py [number of kernels] [lesson]

Prints the time until the last one is done, and the memory of all of them together, what they share counted once.
"""

import sys
import threading
import time

import psutil
from jupyter_client.manager import KernelManager

from course.tooling import notebooks


def main(count: int = 20, lesson: str = "3.6") -> None:
    """Start the kernels together, let each run the lesson, and print what that took."""
    [chosen] = notebooks.find([lesson])
    kernels = [KernelManager() for _ in range(count)]
    began = time.monotonic()
    for kernel in kernels:
        kernel.start_kernel()
    pupils = [threading.Thread(target=run_lesson, args=(kernel, chosen), daemon=True) for kernel in kernels]
    for pupil in pupils:
        pupil.start()
    peak = 0.0
    while any(pupil.is_alive() for pupil in pupils):
        peak = max(peak, sum(resident_mb(kernel) for kernel in kernels))
        time.sleep(1)
    waited = time.monotonic() - began
    for kernel in kernels:
        kernel.shutdown_kernel(now=True)
    print(f"{count} kernels, lesson {lesson}: {peak:.0f} MB at most, {peak / count:.0f} MB each, {waited:.0f} s")


def run_lesson(kernel: KernelManager, lesson: dict) -> None:
    """Run all code cells of the lesson in the kernel. Raises RuntimeError when one fails."""
    client = kernel.client()
    client.start_channels()
    client.wait_for_ready(timeout=600)
    for cell in notebooks.read(lesson["path"]).cells:
        if cell.cell_type == "code":
            reply = client.execute_interactive(cell.source, timeout=3600, output_hook=lambda _: None)
            if reply["content"]["status"] != "ok":
                raise RuntimeError(reply["content"]["evalue"])
    client.stop_channels()


def resident_mb(kernel: KernelManager) -> float:
    """The kernel's memory in MB, its share of what others use too."""
    return psutil.Process(kernel.provisioner.pid).memory_full_info().pss / 1e6


if __name__ == "__main__":
    main(*(convert(given) for convert, given in zip((int, str), sys.argv[1:], strict=False)))
