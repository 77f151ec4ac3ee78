"""What a worker process of `python -m flambeau run` imports as its main module."""

from __future__ import annotations

from flambeau.cli import run

if __name__ == "__mp_main__":
    run.run_in_worker(globals())
