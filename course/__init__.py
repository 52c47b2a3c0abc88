"""Big Models, Small Machine: the helper package of the course.

Importing it is cheap: it only sets JAX's defaults (CPU, one thread), which JAX reads when it is imported first.
"""

import os

__version__ = "0.1.0"

# One thread: runs then repeat bit for bit on the same machine (XLA's thread pool reads NPROC; XLA_FLAGS do not limit it).
os.environ.setdefault("NPROC", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
