"""Runs that repeat bit for bit: every flush is compiled from the first, whatever came before it."""

from __future__ import annotations

from .choice import mode

_MODES = {"default": 0, "warn": 1, "error": 2}


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Make reruns equal bit for bit, at any number of threads.

    No algorithm here is nondeterministic; but the two engines round differently, and by default a
    step's first runs are the reference engine's. Switched on, compiled code runs all of them.

    Args:
        mode: whether.
        warn_only: kept for `is_deterministic_algorithms_warn_only_enabled`. Default: False.

    Raises:
        TypeError: unless both are bool.

    Example:
        >>> import flambeau as torch
        >>> torch.use_deterministic_algorithms(True)
        >>> torch.are_deterministic_algorithms_enabled()
        True
        >>> torch.use_deterministic_algorithms(False)

    Source: torch.use_deterministic_algorithms.
    """
    for value, which in ((mode, "'mode' (position 1)"), (warn_only, "'warn_only'")):
        if not isinstance(value, bool):
            raise TypeError(f"_set_deterministic_algorithms(): argument {which} must be bool, not "
                            f"{type(value).__name__}")
    _set(mode, warn_only)


def _set(on: bool, warn_only: bool) -> None:
    mode.deterministic = on
    mode.warn_only = warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """Whether `use_deterministic_algorithms(True)` holds."""
    return mode.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether it was asked for with `warn_only=True`."""
    return mode.warn_only


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Switch `use_deterministic_algorithms` by one word.

    Args:
        debug_mode: "default" or 0 (off), "warn" or 1 (on, warn_only), "error" or 2 (on).

    Raises:
        TypeError: unless it is an int or a str.
        RuntimeError: for other values.

    Source: torch.set_deterministic_debug_mode.
    """
    if isinstance(debug_mode, str):
        if debug_mode not in _MODES:
            raise RuntimeError("invalid value of debug_mode, expected one of `default`, `warn`, "
                               f"`error`, but got {debug_mode}")
        debug_mode = _MODES[debug_mode]
    elif not isinstance(debug_mode, int):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if debug_mode not in _MODES.values():
        raise RuntimeError("invalid value of debug_mode, expected 0, 1, or 2, but got "
                           f"{debug_mode}")
    _set(debug_mode > 0, debug_mode == 1)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2: see `set_deterministic_debug_mode`."""
    return mode.deterministic + (mode.deterministic and not mode.warn_only)
