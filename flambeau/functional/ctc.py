"""Connectionist temporal classification."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.base import TensorBase, wrap
from ..autograd.record import Value, autocast_first, op
from ..dtype import FLOATING, int64, scalar_name
from ..graph import leaf
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.define import trace
from ..ops.gather import take_along
from ..ops.loop import scan
from ..ops.movement import embed, expand, reshape, strided_slice
from .loss import named, reduction_of

_NONE = float("-inf")  # the logarithm of a probability of zero
_WHERE = " (while checking arguments for ctc_loss_allocate_outputs)"


def _log_sum(*terms: Any) -> Any:
    """log Σ exp(x) of a few values, with gradient 0 where all of them are −∞."""
    top = terms[0]
    for x in terms[1:]:
        top = ew.maximum(top, x)
    top = ew.stop_gradient(top)
    top = ar.where(top.eq(_NONE), ar.literal(0, top.dtype), top)
    total: Any = None
    for x in terms:
        e = ew.exp(x - top)
        total = e if total is None else total + e
    none = total.eq(0)
    safe = ar.where(none, ar.literal(1, total.dtype), total)
    return ar.where(none, ar.literal(_NONE, total.dtype), ew.log(safe) + top)


def _delayed(x: Any, steps: int, fill: float) -> Any:
    """The columns moved to the right; `fill` comes in."""
    rows, columns = x.shape
    if steps >= columns:
        return expand(ar.literal(fill, x.dtype), shape=x.shape)
    part = strided_slice(x, start=(0, 0), shape=(rows, columns - steps), step=(1, 1))
    return embed(part, shape=x.shape, start=(0, steps), step=(1, 1), value=fill)


def _step(alpha: Any, scores: Any, running: Any, may_skip: Any) -> tuple[Any]:
    """Forward probabilities after one more frame: stay, advance by one, or skip a blank."""
    skipped = ar.where(may_skip, _delayed(alpha, 2, _NONE), ar.literal(_NONE, alpha.dtype))
    moved = _log_sum(alpha, _delayed(alpha, 1, _NONE), skipped) + scores
    return (ar.where(ar.with_dims(running, (1,)), moved, alpha),)


def _interleaved(targets: Any, target_lengths: Any, blank: int) -> Any:
    """Labels with a blank before, between and after them: (N, 2S + 1)."""
    rows, count = targets.shape
    if not count:
        return expand(ar.literal(blank, int64), shape=(rows, 1))
    place = reshape(rd.iota(n=count), shape=(1, count))
    labels = ar.where(place < ar.with_dims(target_lengths, (1,)), targets, blank)
    return embed(labels, shape=(rows, 2 * count + 1), start=(0, 1), step=(1, 2), value=blank)


def _first(x: Any) -> Any:
    """The first slice along the first axis."""
    row = strided_slice(x, start=(0,) * x.ndim, shape=(1, *x.shape[1:]), step=(1,) * x.ndim)
    return reshape(row, shape=x.shape[1:])


def _losses(log_probs: Any, labels: Any, running: Any, target_lengths: Any, blank: int) -> Any:
    """−log P(target) of each sample; labels (N, L) with blanks, running (T, N)."""
    frames, batch, _ = log_probs.shape
    states = labels.shape[1]
    index = expand(reshape(labels, shape=(1, batch, states)), shape=(frames, batch, states))
    scores = take_along(log_probs, index, axis=2)
    may_skip = labels.ne(blank) & labels.ne(_delayed(labels, 2, blank))
    # Before the first frame all is in state 0, from where it stays or advances to state 1.
    begin = reshape(rd.iota(n=states), shape=(1, states)).eq(0)
    start = expand(ar.where(begin, ar.literal(0, scores.dtype), ar.literal(_NONE, scores.dtype)),
                   shape=(batch, states))
    last = start
    if frames:
        body = trace("ctc_step", _step, [x.spec for x in (start, _first(scores), _first(running),
                                                          may_skip)])
        last = scan(start, scores, running, may_skip, body=body, carries=1, xs=2, length=frames,
                    reverse=False)[0]
    end = ar.with_dims(target_lengths * 2, (1,))
    final = take_along(last, end, axis=1)
    empty = end.eq(0)
    before = take_along(last, ar.where(empty, 0, end - 1), axis=1)
    before = ar.where(empty, ar.literal(_NONE, last.dtype), before)
    return reshape(-_log_sum(final, before), shape=(batch,))


def _name(specs: Any, static: Any) -> str:
    elementwise = "WhereBackward0" if static[1] else "CtcLossBackward0"
    if len(specs[0].shape) == 2:
        elementwise = "SqueezeBackward1"
    return str(named(elementwise)(specs, static))


@op(name="ctc_loss", grad=_name)
def _ctc_loss(log_probs: Value, targets: Value, input_lengths: Value, target_lengths: Value,
              blank: int, zero_infinity: bool, reduction: str) -> Any:
    x = log_probs
    if x.ndim == 2:
        x = reshape(x, shape=(x.shape[0], 1, x.shape[1]))
    frames, batch, _ = x.shape
    times = reshape(rd.iota(n=frames), shape=(frames, 1))
    running = times < reshape(input_lengths, shape=(1, batch))
    labels = _interleaved(ar.astype(targets, int64), target_lengths, blank)
    losses = _losses(x, labels, running, target_lengths, blank)
    # PyTorch's gradient is that of the scores before log_softmax: it adds the probabilities.
    p = ew.exp(x)
    added = ar.where(ar.with_dims(running, (2,)), p - ew.stop_gradient(p), ar.literal(0, p.dtype))
    losses = losses + rd.reduce_sum(added, axes=(0, 2))
    if zero_infinity:
        losses = ar.where(losses.eq(float("inf")), ar.literal(0, losses.dtype), losses)
    if reduction == "none":
        return losses if log_probs.ndim == 3 else reshape(losses, shape=())
    if reduction == "mean":
        lengths = ar.where(target_lengths < 1, 1, target_lengths)
        losses = losses / ew.cast(lengths, dtype=losses.dtype) / batch
    return rd.reduce_sum(losses, axes=(0,))


def ctc_loss(log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0,
             reduction: str = "mean", zero_infinity: bool = False) -> Any:
    """−log of the probability of all alignments of a sequence of labels with the frames.

    Args:
        log_probs: logarithms of probabilities (T, N, C) or (T, C), of `log_softmax`.
        targets: labels (N, S), or one after the other (sum of target_lengths); without blanks.
        input_lengths: frames of each sample, (N) or ().
        target_lengths: labels of each sample, (N) or ().
        blank: the label of no label. Default: 0.
        reduction: "mean" (each loss is divided by its target's length first), "sum" or "none".
            Default: "mean".
        zero_infinity: infinite losses and their gradients become zero. Default: False.

    Returns:
        A scalar, or (N) for "none".

    Raises:
        RuntimeError: lengths, labels or shapes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> x = torch.zeros(1, 1, 2).log_softmax(2)
        >>> torch.nn.functional.ctc_loss(x, torch.tensor([[1]]), (1,), (1,))
        tensor(0.6931)

    Source: Graves et al. 2006; PyTorch page `torch.nn.functional.ctc_loss`.
    """
    reduction = reduction_of(None, None, reduction)
    frames_of = _lengths(input_lengths, "input_lengths")
    labels_of = _lengths(target_lengths, "target_lengths")
    shape = tuple(log_probs.shape)
    log_probs, = autocast_first("ctc_loss", log_probs)
    _check(log_probs, targets, frames_of, labels_of, blank)
    if targets.ndim == 1 and len(shape) == 3:
        targets = _as_rows(targets, labels_of)
    elif targets.ndim == 1:
        targets = targets.reshape(1, -1)
    return _ctc_loss(log_probs, targets, wrap(leaf(frames_of)), wrap(leaf(labels_of)), blank,
                     zero_infinity, reduction)


def _lengths(given: Any, name: str) -> Any:
    if not isinstance(given, TensorBase):
        return np.atleast_1d(np.asarray(given, np.int64))
    if given._node.spec.dtype.category > 1:
        raise RuntimeError(f"{name} must be integral")
    data = given._data("ctc_loss")  # type: ignore[attr-defined]
    return np.atleast_1d(np.array(data, np.int64))


def _check(log_probs: Any, targets: Any, frames_of: Any, labels_of: Any, blank: int) -> None:
    shape = tuple(log_probs.shape)
    d = log_probs.dtype
    if d.category != FLOATING or d.itemsize < 4:
        raise NotImplementedError(f'"ctc_loss_cpu" not implemented for \'{scalar_name(d)}\'')
    batch = shape[1] if len(shape) == 3 else 1
    if not 0 <= blank < shape[-1]:
        raise RuntimeError("blank must be in label range")
    if frames_of.size != batch:
        raise RuntimeError("input_lengths must be of size batch_size")
    if labels_of.size != batch:
        raise RuntimeError("target_lengths must be of size batch_size")
    for n in frames_of:
        if n < 0:
            raise RuntimeError("Expected input_lengths to have value at least 0, but got value "
                               f"{n}{_WHERE}")
        if n > shape[0]:
            raise RuntimeError(f"Expected input_lengths to have value at most {shape[0]}, but got "
                               f"value {n}{_WHERE}")
    _check_targets(targets, labels_of, len(shape) == 3)


def _check_targets(targets: Any, labels_of: Any, batched: bool) -> None:
    for n in labels_of:
        if n < 0:
            raise RuntimeError("Expected target_lengths to have value at least 0, but got value "
                               f"{n}{_WHERE}")
    longest, total = int(labels_of.max(initial=0)), int(labels_of.sum())
    if targets.ndim == 1 and batched:
        if targets.shape[0] != total:
            raise RuntimeError(f"Expected tensor to have size {total} at dimension 0, but got size "
                               f"{targets.shape[0]} for argument #2 'targets'{_WHERE}")
    elif targets.shape[-1] < longest:
        raise RuntimeError(f"Expected tensor to have size at least {longest} at dimension 1, but "
                           f"got size {targets.shape[-1]} for argument #2 'targets'{_WHERE}")


def _as_rows(targets: Any, labels_of: Any) -> Any:
    """Labels given one after the other, as rows filled up with the last ones read."""
    starts = np.cumsum(labels_of) - labels_of
    steps = np.minimum(np.arange(int(labels_of.max(initial=0))), labels_of[:, None])
    index = np.minimum(starts[:, None] + steps, max(int(labels_of.sum()) - 1, 0))
    if not index.size:
        return wrap(leaf(np.zeros(index.shape, np.int64)))
    return targets.take(wrap(leaf(index)))
