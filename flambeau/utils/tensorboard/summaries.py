"""Encoded summary values: a tag and a number, histogram, picture, sound, text or table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import images
from . import messages as m

DT_FLOAT, DT_STRING = 1, 7
STRING, FLOAT64 = 1, 3  # kinds of hyperparameters
SUCCESS = m.integer(1, 1)  # how a session ended


def value(tag: str, content: bytes) -> bytes:
    """One value of a summary, named by its tag."""
    return m.data(1, m.data(1, tag) + content)


def plugin(name: str, content: bytes = b"") -> bytes:
    """The field that says which of TensorBoard's plugins shows a value."""
    return m.data(9, m.data(1, m.data(1, name) + (m.data(2, content) if content else b"")))


def tensor(kind: int, shape: Sequence[int], content: bytes) -> bytes:
    """The field of a tensor: element type, shape and encoded elements."""
    sizes = b"".join(m.data(2, m.integer(1, n)) for n in shape)
    return m.data(8, m.integer(1, kind) + m.data(2, sizes) + content)


def float_tensor(array: Any) -> bytes:
    """The field of a tensor of float32."""
    return tensor(DT_FLOAT, array.shape, m.data(4, np.asarray(array, "<f4").tobytes()))


def number(x: Any) -> float:
    """A Python number of a number, an array or a tensor with one element.

    Raises:
        TypeError: for more elements than one.
    """
    array = np.asarray(images.to_array(x))
    if array.size != 1:
        raise TypeError(f"scalar should be 0D, got {array.size} elements")
    return float(array.reshape(-1)[0])


def scalar(tag: str, x: Any, new_style: bool = False) -> bytes:
    """A number; `new_style` writes it as a tensor, as TensorFlow 2 does."""
    if new_style:
        return value(tag, float_tensor(np.float32(number(x))) + plugin("scalars"))
    return value(tag, m.single(2, number(x)))


def text(tag: str, words: str) -> bytes:
    """Text in Markdown."""
    return value(f"{tag}/text_summary",
                 tensor(DT_STRING, (1,), m.data(8, words)) + plugin("text"))


def image(tag: str, pixels: Any) -> bytes:
    """A picture of pixels (H, W, C), uint8."""
    height, width, channels = pixels.shape
    return value(tag, m.data(4, m.integer(1, height) + m.integer(2, width)
                             + m.integer(3, channels) + m.data(4, images.png(pixels))))


def audio(tag: str, samples: Any, rate: int) -> bytes:
    """A sound of one channel, samples between -1 and 1."""
    return value(tag, m.data(6, m.single(1, rate) + m.integer(2, 1) + m.integer(3, samples.size)
                             + m.data(4, images.wav(samples, rate)) + m.data(5, "audio/wav")))


# ---- histograms ----------------------------------------------------------------------------------

def default_bins() -> Any:
    """TensorFlow's bins: edges that grow by a tenth, from 1e-12 to 1e20, on both sides of 0."""
    edges = []
    edge = 1e-12
    while edge < 1e20:
        edges.append(edge)
        edge *= 1.1
    return np.array([*(-e for e in reversed(edges)), 0.0, *edges])


def histogram(tag: str, values: Any, bins: Any, max_bins: int | None = None) -> bytes:
    """How often values fall between edges; empty bins at both ends are left out.

    Args:
        tag: its name.
        values: numbers of any shape.
        bins: edges, a number of bins or one of NumPy's rules.
        max_bins: join neighbouring bins until there are at most so many.

    Raises:
        ValueError: there are no values, or none within the edges.
    """
    if values.size == 0:
        raise ValueError("The input has no element.")
    values = values.reshape(-1).astype(np.float64)
    counts, limits = np.histogram(values, bins=bins)
    if max_bins is not None and len(counts) > max_bins:
        step = len(counts) // max_bins
        counts = np.add.reduceat(counts, np.arange(0, len(counts), step))
        limits = np.append(limits[:-1][::step], limits[-1])
    filled = np.flatnonzero(counts)
    if not len(filled):
        raise ValueError("The histogram is empty, please file a bug report.")
    first, last = filled[0], filled[-1]
    counts = counts[first:last + 1]
    edges = limits[first:last + 2]
    counts = np.concatenate([[0], counts])  # up to the first edge there is nothing
    return histogram_raw(tag, values.min(), values.max(), len(values), values.sum(),
                         values.dot(values), edges, counts)


def histogram_raw(tag: str, low: float, high: float, count: float, total: float, squares: float,
                  limits: Any, counts: Any) -> bytes:
    """A histogram that is already counted: `counts[k]` values up to `limits[k]`."""
    fields = enumerate((low, high, count, total, squares), 1)
    return value(tag, m.data(5, b"".join(m.double(n, float(x)) for n, x in fields)
                             + m.doubles(6, limits) + m.doubles(7, counts)))


# ---- precision and recall ------------------------------------------------------------------------

def pr_curve(tag: str, rows: Any, thresholds: int) -> bytes:
    """Six rows over the thresholds: true and false positives, negatives, precision, recall."""
    settings = m.integer(2, thresholds)
    return value(tag, float_tensor(np.asarray(rows)) + plugin("pr_curves", settings))


def precision_recall(labels: Any, scores: Any, thresholds: int, weights: Any = None) -> Any:
    """The six rows of a curve (6, thresholds) from labels (0 or 1) and scores (0 to 1)."""
    labels, scores = labels.reshape(-1).astype(np.float64), scores.reshape(-1)
    weights = np.ones_like(labels) if weights is None else np.broadcast_to(weights, labels.shape)
    place = np.floor(scores * (thresholds - 1)).astype(np.int64)
    right = np.bincount(place, weights * labels, thresholds)
    wrong = np.bincount(place, weights * (1 - labels), thresholds)
    tp, fp = right[::-1].cumsum()[::-1], wrong[::-1].cumsum()[::-1]
    least = 1e-7
    return np.stack([tp, fp, fp[0] - fp, tp[0] - tp, tp / np.maximum(least, tp + fp),
                     tp / np.maximum(least, tp[0])])


# ---- hyperparameters -----------------------------------------------------------------------------

def hparams(settings: Mapping[str, Any], metrics: Mapping[str, Any],
            domains: Mapping[str, list[Any]] | None = None) -> list[bytes]:
    """Three values: what is varied and measured, this run's settings, and that it has ended.

    Raises:
        TypeError: `settings` or `metrics` is no dictionary, or a domain does not fit its setting.
        ValueError: a setting is no number, string, bool or tensor.
    """
    for name, given in (("hparam_dict", settings), ("metric_dict", metrics)):
        if not isinstance(given, dict):
            raise TypeError(f"parameter: {name} should be a dictionary, nothing logged.")
    domains = domains or {}
    for key, choices in domains.items():
        if key not in settings or not isinstance(choices, list) or not all(
                isinstance(c, type(settings[key])) for c in choices):
            raise TypeError(f"parameter: hparam_domain_discrete[{key}] should be a list of same "
                            f"type as hparam_dict[{key}].")
    present = {key: x for key, x in settings.items() if x is not None}
    infos = b"".join(m.data(4, _info(key, x, domains.get(key))) for key, x in present.items())
    measured = b"".join(m.data(5, m.data(1, m.data(2, key))) for key in metrics)
    start = m.table(1, {key: _setting(x)[1] for key, x in present.items()})
    return [value(f"_hparams_/{name}", plugin("hparams", m.data(field, content)))
            for field, (name, content) in enumerate({
                "experiment": infos + measured, "session_start_info": start,
                "session_end_info": SUCCESS}.items(), 2)]


def _setting(x: Any) -> tuple[int, bytes]:
    """The kind of a hyperparameter, and it itself as google.protobuf.Value."""
    if isinstance(x, str):
        return STRING, m.data(3, x)
    if isinstance(x, (int, float)) or hasattr(x, "detach"):
        return FLOAT64, m.double(2, number(x))
    raise ValueError("value should be one of int, float, str, bool, or torch.Tensor")


def _info(key: str, x: Any, domain: list[Any] | None) -> bytes:
    choices = b"".join(m.data(1, _setting(c)[1]) for c in domain or ())
    return (m.data(1, key) + m.integer(4, _setting(x)[0])
            + (m.data(5, choices) if domain else b""))
