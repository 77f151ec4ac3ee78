"""Reads arrays of numbers from MATLAB's files of version 5."""

from __future__ import annotations

import os
import zlib
from typing import Any

import numpy

# The type of an element's numbers by its code.
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8",
           13: "u8"}
MATRIX, COMPRESSED, HEADER = 14, 15, 128


def read_matlab(path: str | os.PathLike[str]) -> dict[str, numpy.ndarray[Any, Any]]:
    """Read the arrays of a file.

    Args:
        path: a file of version 5, little endian; elements may be compressed.

    Returns:
        Arrays by name, in the order of MATLAB's indices. What is no array of real numbers is
        left out.

    Raises:
        ValueError: it is no such file, or damaged.

    Source: The MathWorks, "MAT-File Format".
    """
    with open(path, "rb") as file:
        content = file.read()
    if len(content) < HEADER or content[124:128] != b"\x00\x01IM":
        raise ValueError(f"{os.fspath(path)}: no MATLAB file of version 5")
    arrays = {}
    try:
        for code, data in _elements(memoryview(content)[HEADER:]):
            if code == COMPRESSED:
                (code, data), *_ = _elements(memoryview(zlib.decompress(data)))
            if code == MATRIX and (found := _matrix(data)) is not None:
                arrays[found[0]] = found[1]
    except (zlib.error, IndexError, UnicodeError) as error:
        raise ValueError(f"{os.fspath(path)}: damaged MATLAB file ({error})") from error
    return arrays


def _elements(content: memoryview) -> list[tuple[int, memoryview]]:
    """The elements one after the other: their codes and their bytes."""
    elements, place = [], 0
    while place + 8 <= len(content):
        code, size = (int(v) for v in numpy.frombuffer(content[place : place + 8], "<u4"))
        if code >> 16:  # up to four bytes beside the code
            code, size, start, after = code & 0xFFFF, code >> 16, place + 4, place + 8
        else:
            start = place + 8
            after = start + size if code == COMPRESSED else start + (size + 7) // 8 * 8
        if start + size > len(content):
            raise ValueError(f"truncated: an element of {size} bytes at {place}")
        elements.append((code, content[start : start + size]))
        place = after
    return elements


def _matrix(content: memoryview) -> tuple[str, numpy.ndarray[Any, Any]] | None:
    """Name and numbers of a matrix; None for one of text, structures or cells."""
    parts = _elements(content)
    kind, is_complex = parts[0][1][0], parts[0][1][1] & 8
    if not 6 <= kind <= 15 or is_complex or parts[3][0] not in NUMBERS:
        return None
    shape = numpy.frombuffer(parts[1][1], "<i4")
    name = bytes(parts[2][1]).decode("ascii")
    numbers = numpy.frombuffer(parts[3][1], "<" + NUMBERS[parts[3][0]])
    if (shape < 0).any() or numpy.prod(shape.astype(object)) != numbers.size:
        raise ValueError(f"{name}: {numbers.size} numbers for the shape {shape.tolist()}")
    stored = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"][kind - 6]
    return name, numbers.astype(stored).reshape(shape, order="F")
