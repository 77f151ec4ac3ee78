"""Reader of the IDX format, in which MNIST and its relatives come.

A file is: two zero bytes, one byte for the element type, one byte for the number of dimensions,
one big-endian 32-bit size per dimension, then the elements, big-endian, last dimension fastest.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy

from flambeau.tensor import Tensor, from_array

ELEMENT_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"
# More elements than this is a damaged header, not a dataset.
MOST_BYTES = 1 << 36


def read_idx(path: str | os.PathLike[str]) -> numpy.ndarray[Any, Any]:
    """Read an IDX file, compressed with gzip or not, and check all of it.

    Args:
        path: the file; its content, not its name, tells whether it is compressed.

    Returns:
        Array of the header's shape and element type, in native byte order.

    Raises:
        ValueError: wrong magic number, element type or sizes, truncated or damaged file, or
            bytes after the last element; the message names the file and the numbers.
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        compressed = file.read(2) == GZIP_MAGIC
    try:
        if not compressed:
            with open(path, "rb") as plain:
                return _parse(plain, path)
        with gzip.GzipFile(path, "rb") as unpacked:
            return _parse(unpacked, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: damaged or truncated gzip file ({error})") from error


def _parse(file: BinaryIO | gzip.GzipFile, path: str | os.PathLike[str]) -> numpy.ndarray[Any, Any]:
    magic = _take(file, 4, path, "magic number")
    zeros, code, dimensions = magic[:2], magic[2], magic[3]
    if zeros != b"\0\0" or code not in ELEMENT_TYPES or dimensions == 0:
        raise ValueError(
            f"{path}: wrong magic number 0x{magic.hex()}; an IDX file starts with 0x0000, "
            "an element type (08, 09, 0b, 0c, 0d, 0e) and a number of dimensions"
        )
    sizes = struct.unpack(f">{dimensions}I", _take(file, 4 * dimensions, path, "sizes"))
    element = numpy.dtype(ELEMENT_TYPES[code])
    expected = math.prod(sizes) * element.itemsize
    if expected > MOST_BYTES:
        raise ValueError(f"{path}: header sizes {sizes} ask for {expected} bytes")
    content = _take(file, expected, path, f"elements of shape {sizes}")
    if extra := len(file.read(1 << 16)):
        more = "at least " if extra == 1 << 16 else ""
        raise ValueError(
            f"{path}: {more}{extra} bytes follow the {expected} bytes of shape {sizes}"
        )
    array = numpy.frombuffer(bytearray(content), dtype=element).reshape(sizes)
    return array.astype(element.newbyteorder("="), copy=False)


def _take(
    file: BinaryIO | gzip.GzipFile, size: int, path: str | os.PathLike[str], what: str
) -> bytes:
    """Exactly ``size`` bytes; memory grows with the bytes present, not with the header's word."""
    chunks = []
    missing = size
    while missing and (chunk := file.read(min(missing, 1 << 24))):
        chunks.append(chunk)
        missing -= len(chunk)
    if missing:
        raise ValueError(
            f"{path}: truncated: {what} need {size} bytes, {size - missing} are there"
        )
    return b"".join(chunks)


def read_image_file(path: str | os.PathLike[str]) -> Tensor:
    """Read images.

    Args:
        path: IDX file of unsigned bytes with three dimensions.

    Returns:
        Tensor (N, H, W), uint8.

    Raises:
        TypeError: elements are not unsigned bytes.
        ValueError: not three dimensions, or a bad file (see ``read_idx``).
    """
    images: Tensor = from_array(_unsigned_bytes(Path(path), 3))
    return images


def read_label_file(path: str | os.PathLike[str]) -> Tensor:
    """Read labels.

    Args:
        path: IDX file of unsigned bytes with one dimension.

    Returns:
        Tensor (N,), int64.

    Raises:
        TypeError: elements are not unsigned bytes.
        ValueError: not one dimension, or a bad file (see ``read_idx``).
    """
    labels: Tensor = from_array(_unsigned_bytes(Path(path), 1).astype(numpy.int64))
    return labels


def _unsigned_bytes(path: Path, dimensions: int) -> numpy.ndarray[Any, Any]:
    array = read_idx(path)
    if array.dtype != numpy.uint8:
        raise TypeError(f"{path}: elements should be of dtype uint8 instead of {array.dtype}")
    if array.ndim != dimensions:
        raise ValueError(
            f"{path}: data should have {dimensions} dimension instead of {array.ndim}"
        )
    return array
