"""Where values lie in a block of memory: those that are not alive together may share a place."""

from __future__ import annotations

from collections.abc import Sequence

ALIGN = 64


def lay_out(lives: Sequence[tuple[int, int, int, int]]) -> tuple[dict[int, int], int]:
    """Offsets by first fit, largest first, and the size of the whole.

    Args:
        lives: (value, bytes, first moment, last moment).
    """
    placed: list[tuple[int, int, int, int]] = []  # offset, end, first, last
    places: dict[int, int] = {}
    total = 0
    for v, nbytes, first, last in sorted(lives, key=lambda x: -x[1]):
        size = -(-max(nbytes, 1) // ALIGN) * ALIGN
        offset = 0
        for start, end, f, t in sorted(placed):
            if f <= last and first <= t:
                if offset + size <= start:
                    break
                offset = max(offset, end)
        placed.append((offset, offset + size, first, last))
        places[v] = offset
        total = max(total, offset + size)
    return places, total
