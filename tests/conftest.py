"""Makes the packages of the tests importable by their own names, and arithmetic single-threaded."""

import os
import sys
from pathlib import Path

# The arrays are small, and threads of several test processes would wait for each other.
for library in ("OMP", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

sys.path.insert(0, str(Path(__file__).parent))
