"""Picks the subcommand; each one is a function from its arguments to an exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from flambeau.cli.explain import explain
from flambeau.cli.info import info
from flambeau.cli.run import run


class Command(NamedTuple):
    """One subcommand: what it does with its arguments, and its line in the help."""

    function: Callable[[list[str]], int]
    help: str


COMMANDS = {
    "run":     Command(run,     "run a PyTorch script on flambeau, unmodified"),
    "info":    Command(info,    "print the versions and settings a bug report needs"),
    "explain": Command(explain, "run a PyTorch script, then say what ran, when and why"),
}


def usage() -> str:
    """Returns the help text."""
    lines = ["usage: python -m flambeau COMMAND [arguments]", ""]
    lines += [f"  {name:<8} {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand.

    Args:
        arguments: what follows the program's name; `sys.argv[1:]` by default.

    Returns:
        The exit status: 0 for success, 2 for a call that is not understood.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words:
        print(usage(), file=sys.stderr)
        return 2
    name, *rest = words
    if name in ("-h", "--help"):
        print(usage())
        return 0
    if name not in COMMANDS:
        print(f"flambeau: unknown command '{name}'\n\n{usage()}", file=sys.stderr)
        return 2
    return COMMANDS[name].function(rest)
