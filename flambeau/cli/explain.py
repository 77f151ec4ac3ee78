"""`python -m flambeau explain script.py`: run a program as `run` does, then say what ran."""

from __future__ import annotations

import sys

from flambeau.cli.run import run
from flambeau.engines.explain import explain as observe

USAGE = ("usage: python -m flambeau explain [--profile] [-m module | -c code | script.py] "
         "[arguments]")


def explain(arguments: list[str]) -> int:
    """Runs a program; prints the report to the standard error stream when it ends, however it ends.

    Args:
        arguments: as of `run`; `--profile` in front also times every kernel.
    """
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    timed = arguments[:1] == ["--profile"]
    rest = arguments[timed:]
    if not rest:
        print(USAGE, file=sys.stderr)
        return 2
    with observe() as report:
        try:
            return run(rest)
        finally:
            if report.structures:
                sys.stdout.flush()
                print(f"\n{report.profile() if timed else report}", file=sys.stderr)
