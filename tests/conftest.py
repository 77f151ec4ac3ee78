"""The tests import each other, count on one thread, and the compiler checks its own stages."""

import os
import sys
from pathlib import Path

# The arrays are small, and threads of several test processes would wait for each other.
for library in ("OMP", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

os.environ.setdefault("FLAMBEAU_VERIFY", "1")  # the compiler checks each of its stages

sys.path.insert(0, str(Path(__file__).parent))
