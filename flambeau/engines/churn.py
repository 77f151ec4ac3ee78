"""Shape churn: the same step compiled again and again because one dimension varies."""

from __future__ import annotations

from typing import Any

from ..graph import CACHE_LIMIT, Spec, remember
from . import notices

TOLERATED = 2  # variants of a step: the full batches and the last, short one
_variants: dict[Any, list[tuple[Spec, ...]]] = {}


def compiled(key: tuple[Any, ...], site: str) -> None:
    """Take note of a structure that has been compiled for a line of the user's program.

    The line is warned of once, when it has more variants of one step than is usual.
    """
    family = (site, _skeleton(key))
    seen = _variants.get(family)
    if seen is None:
        seen = remember(_variants, family, [])
    inputs = tuple(x for x in key if type(x) is Spec)
    if len(seen) > TOLERATED or inputs in seen:
        return
    seen.append(inputs)
    if len(seen) > TOLERATED and (site not in _warned or notices.is_warn_always_enabled()):
        if len(_warned) < CACHE_LIMIT:
            _warned.add(site)
        notices.add(_message(seen))


_warned: set[str] = set()


def _skeleton(key: tuple[Any, ...]) -> int:
    """A hash of everything in a key except the sizes of dimensions."""
    return hash(tuple(_blurred(x) for x in key))


def _blurred(x: Any) -> Any:
    if type(x) is Spec:
        return len(x.shape), x.dtype
    return getattr(x, "name", x)


def _message(seen: list[tuple[Spec, ...]]) -> str:
    for versions in zip(*seen, strict=True):
        shapes = [s.shape for s in versions]
        varying = [d for d, sizes in enumerate(zip(*shapes, strict=True)) if len(set(sizes)) > 1]
        if varying:
            d = varying[0]
            shape = ", ".join("*" if k in varying else str(n) for k, n in enumerate(shapes[0]))
            sizes = ", ".join(str(s[d]) for s in shapes)
            return (f"this step was compiled {len(seen)} times because dimension {d} of an input "
                    f"of shape ({shape}) varies: {sizes}, … Every size costs a compilation; bring "
                    "it to a few sizes (pad, or drop the last short batch)")
    return (f"this step was compiled {len(seen)} times because the shapes inside it vary; bring "
            "them to a few sizes")
