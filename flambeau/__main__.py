"""The command line: `python -m flambeau run script.py`, `python -m flambeau info`."""

from __future__ import annotations

import sys

from flambeau.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
