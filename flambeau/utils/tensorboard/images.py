"""Pictures and sounds as files: arrays into PNG and WAV, and many pictures into one."""

from __future__ import annotations

import importlib
import io
import math
import struct
import wave
import zlib
from typing import Any

import numpy as np

COLORS = {1: 0, 2: 4, 3: 2, 4: 6}  # channels: PNG's colour type


def to_array(value: Any) -> Any:
    """A NumPy array of a tensor, array or list; tensors may require grad."""
    return np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)


def channels_last(image: Any, dataformats: str) -> Any:
    """An array (H, W, 3 or more) of an image, or of several put side by side.

    Args:
        image: array whose axes are named by `dataformats`.
        dataformats: letters N, C, H, W in the array's order, such as "CHW", "HW" or "NHWC".

    Raises:
        ValueError: the letters do not name the array's axes.
    """
    names = dataformats.upper()
    if len(set(names)) != len(names):
        raise ValueError(f"You can not use the same dimension shordhand twice. "
                         f"input_format: {dataformats}")
    if len(names) != image.ndim:
        raise ValueError("size of input tensor and input format are different. tensor shape: "
                         f"{image.shape}, input_format: {dataformats}")
    if len(names) == 4:
        return grid(image.transpose([names.find(c) for c in "NCHW"]))
    if len(names) == 3:
        image = image.transpose([names.find(c) for c in "HWC"])
        return np.concatenate([image] * 3, 2) if image.shape[2] == 1 else image
    return np.stack([image.transpose([names.find(c) for c in "HW"])] * 3, 2)


def grid(images: Any, columns: int = 8) -> Any:
    """Pictures (N, C, H, W) side by side as one (H, W, 3)."""
    count, channels, height, width = images.shape
    if channels == 1:
        images = np.concatenate([images] * 3, 1)
    columns = min(count, columns)
    rows = math.ceil(count / columns)
    out = np.zeros((3, height * rows, width * columns), images.dtype)
    for k, image in enumerate(images):
        y, x = height * (k // columns), width * (k % columns)
        out[:, y:y + height, x:x + width] = image
    return out.transpose(1, 2, 0)


def to_bytes(image: Any) -> Any:
    """Pixels 0 to 255: numbers from 0 to 1 are scaled, bytes stay."""
    scale = 1 if image.dtype == np.uint8 else 255
    return (image.astype(np.float32) * scale).clip(0, 255).astype(np.uint8)


def png(pixels: Any) -> bytes:
    """A PNG file of pixels (H, W, C), uint8, with 1 to 4 channels.

    Example:
        >>> import numpy
        >>> png(numpy.zeros((2, 3, 3), numpy.uint8))[1:4]
        b'PNG'

    Source: RFC 2083.
    """
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, COLORS[channels], 0, 0, 0)
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row: filter 0, then its bytes
    rows[:, 1:] = pixels.reshape(height, -1)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts)


def wav(samples: Any, rate: int) -> bytes:
    """A WAV file of one channel with 16 bits of samples between -1 and 1."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def figure_pixels(figure: Any, close: bool = True) -> Any:
    """The picture (C, H, W), uint8, of a matplotlib figure, or (N, C, H, W) of several.

    Args:
        figure: a figure or a list of figures.
        close: close them afterwards. Default: True.
    """
    if isinstance(figure, list):
        return np.stack([figure_pixels(one, close) for one in figure])
    canvas = importlib.import_module("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3].transpose(2, 0, 1).copy()
    if close:
        importlib.import_module("matplotlib.pyplot").close(figure)
    return pixels
