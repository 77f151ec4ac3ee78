"""Protocol-buffer messages by hand: a message is the bytes of its fields one after another.

A field is its number and wire type in one varint, then its content. Each function returns the bytes
of one field; leaving a field out means its default, so absent values give no bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable


def varint(value: int) -> bytes:
    """An integer, seven bits a byte, lowest first; negative ones as 64-bit two's complement.

    Example:
        >>> varint(300).hex(), varint(-1).hex()
        ('ac02', 'ffffffffffffffffff01')
    """
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(field: int, value: int) -> bytes:
    """A field of type int32, int64, bool or enum."""
    return varint(field << 3) + varint(value)


def double(field: int, value: float) -> bytes:
    """A field of type double."""
    return varint(field << 3 | 1) + struct.pack("<d", value)


def single(field: int, value: float) -> bytes:
    """A field of type float."""
    return varint(field << 3 | 5) + struct.pack("<f", value)


def data(field: int, value: bytes | str) -> bytes:
    """A field of type bytes, string or message."""
    content = value.encode("utf-8") if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(content)) + content


def doubles(field: int, values: Iterable[float]) -> bytes:
    """A repeated field of doubles, packed."""
    items = [float(v) for v in values]
    return data(field, struct.pack(f"<{len(items)}d", *items))


def table(field: int, entries: dict[str, bytes]) -> bytes:
    """A map of strings to messages."""
    return b"".join(data(field, data(1, key) + data(2, value)) for key, value in entries.items())
