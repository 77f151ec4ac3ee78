"""Recurrent layers beside PyTorch, packed sequences, derivatives of loops, clipped gradients."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import flambeau
from flambeau.autograd import gradcheck, gradgradcheck
from flambeau.autograd.record import Value, op
from flambeau.graph import spec
from flambeau.ops import elementwise as ew
from flambeau.ops.contraction import dot
from flambeau.ops.define import trace
from flambeau.ops.loop import scan


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


@op(name="decaying_sum")
def decaying_sum(rows: Value, start: Value, weight: Value, reverse: bool, shown: bool) -> Any:
    """s = tanh(s W + x) * x, step after step; the carried value is an output where `shown`."""
    def body(state: Any, x: Any, w: Any) -> Any:
        new = ew.tanh(dot(state, w, contract=((1,), (0,)), batch=((), ())) + x) * x
        return (new, new) if shown else (new, new * state)
    template = trace("step", body, [start.spec, spec(rows.shape[1:], rows.dtype), weight.spec])
    return scan(start, rows, weight, body=template, carries=1, xs=1, length=rows.shape[0],
                reverse=reverse)


@pytest.mark.parametrize("reverse", (False, True))
@pytest.mark.parametrize("shown", (False, True))
def test_loop_derivatives(reverse: bool, shown: bool) -> None:
    """First and second derivatives of a loop, whether or not its outputs show the carried value."""
    rng = np.random.default_rng(0)
    inputs = [flambeau.tensor(rng.standard_normal(s), dtype=flambeau.float64, requires_grad=True)
              for s in ((3, 2, 2), (2, 2), (2, 2))]

    def function(*args: Any) -> Any:
        return decaying_sum(*args, reverse, shown)
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


@pytest.mark.torch
@pytest.mark.parametrize("lengths", ([4, 4, 2, 1], [2, 4, 1, 3], [3, 3, 3, 3]))
@pytest.mark.parametrize("options", ({}, {"num_layers": 2, "bidirectional": True},
                                     {"num_layers": 2, "dropout": 0.5, "batch_first": True}))
@pytest.mark.parametrize("name", ("RNN", "LSTM", "GRU"))
def test_packed(name: str, options: dict[str, Any], lengths: list[int], torch: Any) -> None:
    """Outputs, last states, gradients and names of tape entries for packed sequences."""
    results = []
    for lib in (flambeau, torch):
        rnn, rng = lib.nn.utils.rnn, np.random.default_rng(1)
        lib.manual_seed(2)
        layer = getattr(lib.nn, name)(3, 4, **options)
        sequences = [lib.tensor(rng.standard_normal((n, 3)).astype("float32"), requires_grad=True)
                     for n in lengths]
        packed = rnn.pack_sequence(sequences, enforce_sorted=False)
        output, state = layer(packed)
        padded, found = rnn.pad_packed_sequence(output, batch_first=True, padding_value=-1.0)
        assert found.tolist() == lengths
        states = state if isinstance(state, tuple) else (state,)
        total = (padded ** 2).sum() + sum((s ** 3).sum() for s in states)
        grads = lib.autograd.grad(total, [*sequences, *layer.parameters()])
        names = [t.grad_fn.name() for t in (packed.data, output.data, padded, *states)]
        results.append((names, [padded, *states, *grads]))
    assert results[0][0] == results[1][0]
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.torch
def test_sequences_print_alike(torch: Any) -> None:
    """Packing prints the same, and takes the sequences apart again."""
    texts = []
    for lib in (flambeau, torch):
        rnn = lib.nn.utils.rnn
        parts = [lib.tensor([1, 2]), lib.tensor([3, 4, 5]), lib.tensor([6])]
        packed = rnn.pack_sequence(parts, enforce_sorted=False)
        texts.append(repr((packed, packed.to(lib.float64), packed.batch_sizes,
                           rnn.unpack_sequence(packed), rnn.pad_packed_sequence(packed),
                           rnn.pad_packed_sequence(packed, True, -1, 4))))
    assert texts[0] == texts[1]


@pytest.mark.torch
def test_seeded_lstm_prints_alike(torch: Any) -> None:
    """The digits and names of a seeded LSTM and its cell."""
    texts = []
    for lib in (flambeau, torch):
        lib.manual_seed(1000)
        x, layer = lib.randn(2, 3, 4), lib.nn.LSTM(4, 3, 1)
        text = repr(layer(x, (lib.randn(1, 3, 3), lib.randn(1, 3, 3))))
        cell, h, c = lib.nn.LSTMCell(4, 3), lib.randn(3, 3), lib.randn(3, 3)
        for row in x:
            h, c = cell(row, (h, c))
            text += repr((h, c))
        texts.append(text)
    assert texts[0] == texts[1]


@pytest.mark.torch
@pytest.mark.parametrize("order", (1.0, 2.0, float("inf")))
def test_clipping(order: float, torch: Any) -> None:
    """Norms and clipped gradients."""
    results = []
    for lib in (flambeau, torch):
        rng = np.random.default_rng(3)
        leaves = []
        for shape in ((3,), (2, 2), ()):
            leaf = lib.nn.Parameter(lib.zeros(shape))
            leaf.grad = lib.tensor(rng.standard_normal(shape).astype("float32"))
            leaves.append(leaf)
        utils = lib.nn.utils
        found = [utils.get_total_norm([p.grad for p in leaves], order),
                 utils.clip_grad_norm_(iter(leaves), 0.7, order), *[p.grad for p in leaves]]
        results.append([t.clone().numpy() for t in found])
        utils.clip_grad_value_(leaves, 0.1)
        results[-1] += [p.grad.numpy() for p in leaves]
        vector = utils.parameters_to_vector(leaves)
        utils.vector_to_parameters(vector + 1, leaves)
        results[-1] += [vector.detach().numpy(), *[p.detach().numpy() for p in leaves]]
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_clipping_refuses_infinite_norms() -> None:
    leaf = flambeau.nn.Parameter(flambeau.zeros(2))
    leaf.grad = flambeau.tensor([float("nan"), 1.0])
    with pytest.raises(RuntimeError, match="norm of order 2.0 .* is non-finite"):
        flambeau.nn.utils.clip_grad_norm_(leaf, 1.0, error_if_nonfinite=True)


@pytest.mark.torch
def test_encoder_zeros_padding_at_inference(torch: Any) -> None:
    """What PyTorch's nested tensors do to padded positions."""
    results = []
    for lib in (flambeau, torch):
        lib.manual_seed(0)
        layer = lib.nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
        encoder = lib.nn.TransformerEncoder(layer, 2).eval()
        x = lib.tensor(np.random.default_rng(0).standard_normal((2, 3, 8)).astype("float32"))
        with lib.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for mask in ([[False] * 3, [False, True, True]], [[False] * 3, [True, False, False]]):
                results.append(encoder(x, src_key_padding_mask=lib.tensor(mask)).numpy())
    np.testing.assert_allclose(results[0], results[2], atol=1e-5)
    np.testing.assert_allclose(results[1], results[3], atol=1e-5)
    assert not results[0][1, 1:].any()
