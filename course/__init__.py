"""Big Models, Small Machine: the helper package of the course.

Importing it is cheap: it only sets JAX's defaults (CPU, one thread), which JAX reads when it is imported first.
"""

import os

__version__ = "0.1.0"

# One thread: runs then repeat bit for bit on the same machine. XLA's thread pool reads NPROC, not XLA_FLAGS.
# NumPy's and SciPy's matrix library needs its own setting: on the tiny matrices of a curve fit its threads only wait.
THREADS = ("NPROC", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
for _name in THREADS:
    os.environ.setdefault(_name, "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Half of a lesson's time goes into compiling: at LLVM's level 1 a fifth less, and the programs are as fast.
if os.environ["JAX_PLATFORMS"] == "cpu":  # a GPU's compiler does not support it
    os.environ["XLA_FLAGS"] = f"--xla_backend_optimization_level=1 {os.environ.get('XLA_FLAGS', '')}".strip()
