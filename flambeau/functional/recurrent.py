"""Recurrent networks over whole sequences, and their cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import generator as streams
from ..autograd.base import TensorBase, wrap
from ..autograd.modes import modes
from ..autograd.record import Value, Values, op
from ..autograd.views import make_view
from ..dtype import scalar_name
from ..graph import leaf, spec
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.contraction import dot
from ..ops.define import trace
from ..ops.gather import put_at, take
from ..ops.loop import scan
from ..ops.movement import concatenate, permute, reshape, split, strided_slice, zeros
from ..ops.reduction import iota
from .joining import stack
from .packing import packed_rows

GATES = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3}


class Plan(NamedTuple):
    """What is static about a stack of recurrent layers.

    Attributes:
        mode: "rnn_tanh", "rnn_relu", "lstm" or "gru".
        layers: how many layers.
        directions: 1, or 2 for bidirectional layers.
        biased: whether the weights include biases.
        batch_first: input and output are (N, L, ·) rather than (L, N, ·).
        batch: number of sequences of packed data; 0 for a padded batch.
        even: the packed sequences are of one length.
        keep: also return what the derivative would have to recompute.
    """

    mode: str
    layers: int
    directions: int
    biased: bool
    batch_first: bool
    batch: int
    even: bool
    keep: bool


class Packed(NamedTuple):
    """Packed data: sequences running at each step; places of the rows in a (steps · batch) grid."""

    sizes: Any
    rows: Any

    @property
    def steps(self) -> int:
        """The length of the longest sequence."""
        steps: int = self.sizes.shape[0]
        return steps


# ---- one step ----------------------------------------------------------------------------------
# (gates of the input, states, weights) -> (new states, what the derivative reuses)

Step = tuple[tuple[Any, ...], tuple[Any, ...]]


def _through(x: Any, weight: Any) -> Any:
    """x Wᵀ over the last dimension."""
    return dot(x, weight, contract=((x.ndim - 1,), (1,)), batch=((), ()))


def _parts(x: Any, n: int) -> Any:
    return split(x, axis=1, sizes=(x.shape[1] // n,) * n)


def _tanh_step(gates: Any, states: Any, weights: Any) -> Step:
    return (ew.tanh(gates + _through(states[0], weights[0])),), ()


def _relu_step(gates: Any, states: Any, weights: Any) -> Step:
    x = gates + _through(states[0], weights[0])
    off = x <= 0
    return (ar.where(off, ar.literal(0, x.dtype), x),), (off,)


def _lstm_step(gates: Any, states: Any, weights: Any) -> Step:
    c, i, f, g, o = _remember(gates, states[0], states[1], weights[0])
    h = o * ew.tanh(c)
    return (h if len(weights) == 1 else _through(h, weights[1]), c), (i, f, g, o)


def _remember(gates: Any, h: Any, c: Any, w_hh: Any) -> tuple[Any, ...]:
    """The new memory, and the gates that made it."""
    own = _parts(_through(h, w_hh), 4)
    i, f, g, o = (a + b for a, b in zip(_parts(gates, 4), own, strict=True))
    i, f, g, o = ew.sigmoid(i), ew.sigmoid(f), ew.tanh(g), ew.sigmoid(o)
    return f * c + i * g, i, f, g, o


def _gru_step(gates: Any, states: Any, weights: Any) -> Step:
    (h,) = states
    own = _through(h, weights[0])
    if len(weights) > 1:
        own = own + weights[1]
    (xr, xz, xn), (hr, hz, hn) = _parts(gates, 3), _parts(own, 3)
    r, z = ew.sigmoid(xr + hr), ew.sigmoid(xz + hz)
    n = ew.tanh(xn + r * hn)
    return ((h - n) * z + n,), (r, z, n, hn)


STEPS = {"rnn_tanh": _tanh_step, "rnn_relu": _relu_step, "lstm": _lstm_step, "gru": _gru_step}


# ---- layers ------------------------------------------------------------------------------------

def _split_weights(weights: Sequence[Any],
                   plan: Plan) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """The input's weight; the weights that the steps use; the bias of the gates, if any."""
    w_ih, w_hh, *rest = weights
    if not plan.biased:
        return w_ih, (w_hh, *rest), ()
    b_ih, b_hh, *rest = rest
    if plan.mode == "gru":  # its reset gate scales the hidden part with its bias
        return w_ih, (w_hh, b_hh, *rest), (b_ih,)
    return w_ih, (w_hh, *rest), (b_ih + b_hh,)


def _input_gates(x: Any, weights: Sequence[Any], plan: Plan) -> tuple[Any, tuple[Any, ...]]:
    """A cell's gates as far as the input makes them; the weights that the step uses."""
    w_ih, inner, bias = _split_weights(weights, plan)
    gates = _through(x, w_ih)
    return gates + bias[0] if bias else gates, inner


def _direction(x: Any, states: tuple[Any, ...], weights: Sequence[Any], plan: Plan, reverse: bool,
               packed: Packed | None) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """One direction of one layer: outputs at all steps, last states, what its derivative reuses."""
    w_ih, inner, bias = _split_weights(weights, plan)
    gates = _through(x, w_ih)  # the input's part, for all steps at once
    rows = [gates]
    if packed:
        width = gates.shape[1]
        grid = put_at(zeros((packed.steps * plan.batch, width), gates), gates, packed.rows,
                      mode="set")
        rows = [reshape(grid, shape=(packed.steps, plan.batch, width)), packed.sizes]
    count, step = len(states), STEPS[plan.mode]

    def body(*values: Any) -> tuple[Any, ...]:
        old, gates, fixed = values[:count], values[count], values[count + len(rows):]
        gates = gates + fixed[-1] if bias else gates
        new, reused = step(gates, old, fixed[:len(inner)])
        if packed:  # before its start and beyond its end a sequence keeps its state
            running = ar.with_dims(iota(n=plan.batch) < values[count + 1], (1,))
            new = tuple(ar.where(running, n, o) for n, o in zip(new, old, strict=True))
        return (*new, *new, *reused) if plan.keep else (*new, new[0])

    specs = [*[s.spec for s in states], *[spec(r.shape[1:], r.dtype) for r in rows],
             *[w.spec for w in (*inner, *bias)]]
    results = scan(*states, *rows, *inner, *bias, body=trace(plan.mode + "_step", body, specs),
                   carries=count, xs=len(rows), length=rows[0].shape[0], reverse=reverse)
    output = results[count]
    if packed:
        flat = (packed.steps * plan.batch, output.shape[2])
        output = take(reshape(output, shape=flat), packed.rows)
    return output, results[:count], results[count:] if plan.keep else ()


def _initial(states: Sequence[Any], plan: Plan, weights: Sequence[Any], batch: int) -> list[Any]:
    """The states before the first step: as given, or zeros."""
    if states:
        return list(states)
    w_hh = weights[1]
    hidden, width = w_hh.shape[0] // GATES[plan.mode], w_hh.shape[1]
    count = plan.layers * plan.directions
    made = [zeros((count, batch, width), w_hh)]
    return [*made, zeros((count, batch, hidden), w_hh)] if plan.mode == "lstm" else made


def _check(x: Any, states: Sequence[Any], weights: Sequence[Any], steps: int) -> None:
    if not steps:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    for other in (*weights, *states):
        if other.dtype is not x.dtype:
            raise RuntimeError("mat1 and mat2 must have the same dtype, but got "
                               f"{scalar_name(other.dtype)} and {scalar_name(x.dtype)}")


def _row(x: Any, i: int) -> Any:
    shape = (1, *x.shape[1:])
    part = strided_slice(x, start=(i, 0, 0), shape=shape, step=(1, 1, 1))
    return reshape(part, shape=x.shape[1:])


def _output_name(specs: Any, static: Any) -> str:
    """PyTorch's name of what makes the outputs; float32 LSTMs run in oneDNN there."""
    plan = Plan(*static[-1])
    per = static[1] // (plan.layers * plan.directions)
    fused = (plan.mode == "lstm" and specs[0].dtype.name in ("float32", "bfloat16")
             and per == (4 if plan.biased else 2) and specs[0].size)
    if plan.batch:
        return "ViewBackward0" if plan.even and fused else "CatBackward0"
    if plan.directions == 2:
        return "CatBackward0"
    return "MkldnnRnnLayerBackward0" if fused else "StackBackward0"


@op(name="recurrent", grad=_output_name)
def _recurrent(input: Value, states: Values, weights: Values, masks: Values, packing: Values,
               plan: Any) -> Any:
    """All layers: the outputs, the last states of each direction, what the derivative reuses."""
    plan = Plan(*plan)
    x, packed = input, None
    if plan.even:
        x = reshape(x, shape=(x.shape[0] // plan.batch, plan.batch, x.shape[1]))
    elif packing:
        packed = Packed(*packing)
    elif plan.batch_first:
        x = permute(x, dims=(1, 0, 2))
    _check(x, states, weights, x.shape[0])
    start = _initial(states, plan, weights, plan.batch or x.shape[1])
    per = len(weights) // (plan.layers * plan.directions)
    finals: list[Any] = []
    reserve: list[Any] = []
    for layer in range(plan.layers):
        if layer and masks:
            x = x * reshape(masks[layer - 1], shape=x.shape)
        outputs = []
        for direction in range(plan.directions):
            k = layer * plan.directions + direction
            y, last, reused = _direction(x, tuple(_row(s, k) for s in start),
                                         weights[k * per:(k + 1) * per], plan, direction == 1,
                                         packed)
            outputs.append(y)
            finals.append(last)
            reserve += reused
        x = concatenate(*outputs, axis=x.ndim - 1) if len(outputs) > 1 else outputs[0]
    if plan.even:
        x = reshape(x, shape=(input.shape[0], x.shape[2]))
    return (x, *[f[i] for i in range(len(start)) for f in finals], *reserve)


def run_layers(mode: str, input: Any, states: Sequence[Any], weights: Sequence[Any], biased: bool,
               layers: int, dropout: float, train: bool, bidirectional: bool, batch_first: bool,
               batch_sizes: Any = None) -> tuple[Any, ...]:
    """Outputs and last states of a stack of recurrent layers.

    Args:
        mode: "rnn_tanh", "rnn_relu", "lstm" or "gru".
        input: (L, N, I), (N, L, I) with batch_first, or packed data (rows, I).
        states: initial states, each (layers · directions, N, H); empty: zeros.
        weights: per layer and direction w_ih, w_hh, [b_ih, b_hh,] [w_hr].
        biased: whether the biases are among the weights.
        layers: number of layers.
        dropout: probability that an output of a layer but the last is dropped, while training.
        train: whether dropout is active.
        bidirectional: run each layer in both directions.
        batch_first: the order of the dimensions of input and output.
        batch_sizes: for packed data, how many sequences run at each step, int64.

    Returns:
        The outputs in the layout of the input, then the last states, shaped like the initial ones.
    """
    tensors = (input, *states, *weights)
    keep = modes.grad and any(t._rg for t in tensors)
    packing, batch, even = _packing(batch_sizes)
    directions = 2 if bidirectional else 1
    plan = Plan(mode, layers, directions, biased, batch_first, batch, even, keep)
    masks: list[Any] = []
    if dropout and train and layers > 1 and input.numel():
        masks = [_dropout_mask(input, weights, plan, dropout) for _ in range(layers - 1)]
    results = _recurrent(input, states, weights, masks, packing, tuple(plan))
    count = layers * directions
    finals = [stack(results[1 + k * count:1 + (k + 1) * count])
              for k in range(2 if mode == "lstm" else 1)]
    output = results[0]
    if batch_first and not batch:
        name = "TransposeBackward0" if mode == "lstm" else "TransposeBackward1"
        output = make_view(output, (("permute", (1, 0, 2)),), name)
    return (output, *finals)


def _packing(batch_sizes: Any) -> tuple[tuple[Any, ...], int, bool]:
    """The places of packed rows in a padded grid, the batch size, whether all steps have it."""
    if batch_sizes is None:
        return (), 0, False
    sizes = batch_sizes._data("batch_sizes of a packed sequence")
    batch = int(sizes[0])
    if (sizes == batch).all():
        return (), batch, True
    return (batch_sizes, wrap(leaf(packed_rows(sizes, batch)))), batch, False


def _dropout_mask(input: Any, weights: Sequence[Any], plan: Plan, p: float) -> Any:
    """What the outputs of one layer are multiplied by: 0, or 1 / (1 - p)."""
    lead = tuple(input.shape[:-1])
    shape = (*(lead[::-1] if plan.batch_first and not plan.batch else lead),
             weights[1].shape[1] * plan.directions)
    d = input.dtype.numpy
    if p == 1:
        return wrap(leaf(np.zeros(shape, d)))
    mask = streams.dropout_mask(streams.default_generator, shape, d, p)
    return wrap(leaf((mask / (1 - p)).astype(d)))


# ---- the functions of torch --------------------------------------------------------------------

def _layers(mode: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    named = ("hx", "params", "has_biases", "num_layers", "dropout", "train", "bidirectional")
    padded, packed = ("input", *named, "batch_first"), ("data", "batch_sizes", *named)
    second = args[1] if len(args) > 1 else kwargs.get("batch_sizes")
    is_packed = isinstance(second, TensorBase) and (
        mode == "lstm" or "batch_sizes" in kwargs or isinstance(args[2], TensorBase))
    values = dict(zip(packed if is_packed else padded, args, strict=False)) | kwargs
    states = values["hx"] if mode == "lstm" else (values["hx"],)
    return run_layers(
        mode, values["data" if is_packed else "input"], tuple(states), tuple(values["params"]),
        values["has_biases"], values["num_layers"], values["dropout"], values["train"],
        values["bidirectional"], values.get("batch_first", False), values.get("batch_sizes"))


def lstm(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """Long short-term memory over whole sequences.

    Call `lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional,
    batch_first)`, or `lstm(data, batch_sizes, hx, params, …, bidirectional)` for packed data;
    hx is (h_0, c_0).

    Returns:
        The outputs, h_n and c_n.

    Source: PyTorch, torch.nn.LSTM.
    """
    return _layers("lstm", args, kwargs)


def gru(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """Gated recurrent units over whole sequences; arguments as for `lstm`, hx is h_0."""
    return _layers("gru", args, kwargs)


def rnn_tanh(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """An Elman network with tanh over whole sequences; arguments as for `gru`."""
    return _layers("rnn_tanh", args, kwargs)


def rnn_relu(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """An Elman network with max(0, x) over whole sequences; arguments as for `gru`."""
    return _layers("rnn_relu", args, kwargs)


# ---- cells -------------------------------------------------------------------------------------

def _check_cell(x: Any, states: Sequence[Any], weights: Sequence[Any]) -> None:
    w_ih, w_hh = weights[:2]
    if x.shape[1] != w_ih.shape[1]:
        raise RuntimeError(f"input has inconsistent input_size: got {x.shape[1]} expected "
                           f"{w_ih.shape[1]}")
    for k, h in enumerate(states):
        if h.shape[0] != x.shape[0]:
            raise RuntimeError(f"Input batch size {x.shape[0]} doesn't match hidden{k} batch size "
                               f"{h.shape[0]}")
        if h.shape[1] != w_hh.shape[1]:
            raise RuntimeError(f"hidden{k} has inconsistent hidden_size: got {h.shape[1]}, "
                               f"expected {w_hh.shape[1]}")
    for other in (x, *states):
        if other.dtype is not w_ih.dtype:
            raise RuntimeError("mat1 and mat2 must have the same dtype, but got "
                               f"{scalar_name(other.dtype)} and {scalar_name(w_ih.dtype)}")


def _cell(mode: str, x: Any, states: Sequence[Any], w_ih: Any, w_hh: Any, b_ih: Any,
          b_hh: Any) -> tuple[Any, ...]:
    weights = (w_ih, w_hh) if b_ih is None else (w_ih, w_hh, b_ih, b_hh)
    _check_cell(x, states, weights)
    plan = Plan(mode, 1, 1, b_ih is not None, False, 0, False, False)
    gates, inner = _input_gates(x, weights, plan)
    return STEPS[mode](gates, states, inner)[0]


@op(grad="TanhBackward0")
def rnn_tanh_cell(input: Value, hx: Value, w_ih: Value, w_hh: Value, b_ih: Value = None,
                  b_hh: Value = None) -> Any:
    """One step of an Elman network: tanh(W_ih x + b_ih + W_hh h + b_hh).

    Args:
        input: (N, I).
        hx: h, (N, H).
        w_ih: (H, I).
        w_hh: (H, H).
        b_ih: (H,). Default: None.
        b_hh: (H,). Default: None.

    Returns:
        The new h, (N, H).

    Raises:
        RuntimeError: where the shapes do not fit.

    Source: PyTorch, torch.nn.RNNCell.
    """
    return _cell("rnn_tanh", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@op(grad="ReluBackward0")
def rnn_relu_cell(input: Value, hx: Value, w_ih: Value, w_hh: Value, b_ih: Value = None,
                  b_hh: Value = None) -> Any:
    """One step of an Elman network with max(0, x); arguments as for `rnn_tanh_cell`."""
    return _cell("rnn_relu", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@op(grad="AddBackward0")
def gru_cell(input: Value, hx: Value, w_ih: Value, w_hh: Value, b_ih: Value = None,
             b_hh: Value = None) -> Any:
    """One step of a GRU; arguments as for `rnn_tanh_cell`, with weights of 3H rows (r, z, n)."""
    return _cell("gru", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@op(name="lstm_cell", grad="AddBackward0")
def _lstm_memory(input: Value, h: Value, c: Value, w_ih: Value, w_hh: Value, b_ih: Value = None,
                 b_hh: Value = None) -> Any:
    """The new memory c and the output gate."""
    weights = (w_ih, w_hh) if b_ih is None else (w_ih, w_hh, b_ih, b_hh)
    _check_cell(input, (h, c), weights)
    plan = Plan("lstm", 1, 1, b_ih is not None, False, 0, False, False)
    gates, inner = _input_gates(input, weights, plan)
    return _remember(gates, h, c, inner[0])[0::4]


@op(name="lstm_cell_output", grad="MulBackward0")
def _lstm_output(gate: Value, c: Value) -> Any:
    return gate * ew.tanh(c)


def lstm_cell(input: Any, hx: Sequence[Any], w_ih: Any, w_hh: Any, b_ih: Any = None,
              b_hh: Any = None) -> tuple[Any, Any]:
    """One step of an LSTM.

    i, f, o = σ(…), g = tanh(…) of W_ih x + b_ih + W_hh h + b_hh; c' = f c + i g; h' = o tanh c'

    Args:
        input: (N, I).
        hx: h and c, each (N, H).
        w_ih: (4H, I), the rows of i, f, g, o in this order.
        w_hh: (4H, H).
        b_ih: (4H,). Default: None.
        b_hh: (4H,). Default: None.

    Returns:
        h' and c', each (N, H).

    Raises:
        RuntimeError: where the shapes do not fit.
        TypeError: where hx is a tensor.

    Source: PyTorch, torch.nn.LSTMCell.
    """
    if isinstance(hx, TensorBase):
        raise TypeError("lstm_cell(): argument 'hx' (position 2) must be tuple of Tensors, not "
                        f"{type(hx).__name__}")
    h, c = hx
    memory, gate = _lstm_memory(input, h, c, w_ih, w_hh, b_ih, b_hh)
    return _lstm_output(gate, memory), memory
