"""Pruned and fused layers are PyTorch's: masks, values, names, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.prune")

# What each does to a layer with the parameters `weight` and `bias`.
CHAINS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "identity": lambda t, p, m: p.identity(m, "weight"),
    "fraction": lambda t, p, m: p.l1_unstructured(m, "weight", 0.3),
    "count": lambda t, p, m: p.l1_unstructured(m, "weight", 5),
    "none": lambda t, p, m: p.l1_unstructured(m, "weight", 0),
    "scores": lambda t, p, m: p.l1_unstructured(
        m, "weight", 3, importance_scores=t.arange(float(m.weight.numel())).view_as(m.weight)),
    "channels": lambda t, p, m: p.ln_structured(m, "weight", 0.5, n=2, dim=0),
    "channels of -1": lambda t, p, m: p.ln_structured(m, "weight", 1, n=1, dim=-1),
    "largest": lambda t, p, m: p.ln_structured(m, "weight", 1, n=float("inf"), dim=1),
    "mask": lambda t, p, m: p.custom_from_mask(m, "bias", t.tensor([1, 0, 1, 0])),
    "twice": lambda t, p, m: p.l1_unstructured(p.l1_unstructured(m, "weight", 4), "weight", 0.5),
    "thrice": lambda t, p, m: p.l1_unstructured(p.ln_structured(
        p.l1_unstructured(m, "weight", 4), "weight", 1, 2, 0), "weight", 0.2),
    "global": lambda t, p, m: p.global_unstructured(
        [(m, "weight"), (m, "bias")], p.L1Unstructured, amount=0.4),
    "global again": lambda t, p, m: (
        p.l1_unstructured(m, "bias", 1), p.global_unstructured(
            [(m, "weight"), (m, "bias")], p.L1Unstructured, amount=4)),
    "removed": lambda t, p, m: p.remove(p.l1_unstructured(m, "weight", 0.5), "weight"),
}

WRONG: dict[str, Callable[[Any, Any, Any], Any]] = {
    "not pruned": lambda t, p, m: p.remove(m, "bias"),
    "too many": lambda t, p, m: p.l1_unstructured(m, "bias", 5),
    "fraction": lambda t, p, m: p.l1_unstructured(m, "weight", 1.5),
    "negative": lambda t, p, m: p.l1_unstructured(m, "weight", -1),
    "text": lambda t, p, m: p.random_unstructured(m, "weight", "much"),
    "vector": lambda t, p, m: p.ln_structured(m, "bias", 1, 2, 0),
    "dimension": lambda t, p, m: p.random_structured(m, "weight", 1, 7),
    "shape": lambda t, p, m: p.l1_unstructured(m, "bias", 1, importance_scores=t.ones(2)),
    "mask": lambda t, p, m: p.custom_from_mask(m, "bias", t.ones(3)),
    "no list": lambda t, p, m: p.global_unstructured(3, p.L1Unstructured, amount=1),
    "no dict": lambda t, p, m: p.global_unstructured([(m, "bias")], p.L1Unstructured, [1],
                                                     amount=1),
    "type": lambda t, p, m: p.global_unstructured([(m, "weight")], p.LnStructured, amount=1, n=2),
}


def layer(library: Any, kind: str, *sizes: int, **options: Any) -> Any:
    """A layer with given values."""
    made = getattr(library.nn, kind)(*sizes, **options)
    draw = np.random.default_rng(5)
    for entry in made.state_dict().values():
        if entry.dtype == library.float32:
            values = draw.uniform(0.5, 2.0, size=tuple(entry.shape)) * draw.choice([-1, 1])
            entry.copy_(library.from_numpy(np.abs(values) if entry.dim() == 1 else values).float())
    return made


def weights(library: Any, kind: str) -> Any:
    """A layer to prune, of kind linear or convolution."""
    return layer(library, kind, 3, 4, **({"kernel_size": 2} if kind == "Conv2d" else {}))


@pytest.mark.parametrize("kind", ["Linear", "Conv2d"])
@pytest.mark.parametrize("name", sorted(CHAINS))
def test_pruned_layer(name: str, kind: str) -> None:
    """State, hooks, the output and the gradients."""
    seen = []
    for library in (flambeau, torch):
        made = weights(library, kind)
        prune = library.nn.utils.prune
        CHAINS[name](library, prune, made)
        out = made(library.ones(2, 3) if kind == "Linear" else library.ones(2, 3, 4, 4))
        out.square().sum().backward()
        state = {key: value.numpy() for key, value in made.state_dict().items()}
        state |= {"grad of " + key: p.grad.numpy() for key, p in made.named_parameters()}
        hooks = [[type(h).__name__, *[type(m).__name__ for m in getattr(
            h, "_pruning_methods", ())]] for h in made._forward_pre_hooks.values()]
        seen.append((state, hooks, prune.is_pruned(library.nn.Sequential(made)),
                     out.detach().numpy()))
    (ours, theirs) = seen
    assert list(ours[0]) == list(theirs[0]) and ours[1:3] == theirs[1:3]
    np.testing.assert_allclose(ours[3], theirs[3], rtol=1e-5)
    for key in ours[0]:
        np.testing.assert_allclose(ours[0][key], theirs[0][key], rtol=1e-5, err_msg=key)


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_arguments(name: str) -> None:
    """The same error with the same text; the layer stays as it was."""
    said = []
    for library in (flambeau, torch):
        made = weights(library, "Linear")
        with pytest.raises((TypeError, ValueError, IndexError, AssertionError)) as info:
            WRONG[name](library, library.nn.utils.prune, made)
        said.append((info.type, str(info.value).replace("flambeau", "torch"),
                     list(made.state_dict())))
    assert said[0] == said[1]


def test_random_pruning() -> None:
    """As many entries or channels as asked for, within what is left."""
    prune = flambeau.nn.utils.prune
    made = prune.random_unstructured(flambeau.nn.Linear(10, 8), "weight", 0.25)
    assert int(made.weight_mask.sum()) == 60
    prune.random_structured(made, "weight", 3, dim=0)
    rows = made.weight_mask.sum(dim=1)
    assert int((rows == 0).sum()) == 3 and int((made.weight == 0).sum()) >= 30
    assert flambeau.equal(made.weight, made.weight_orig * made.weight_mask)


@pytest.mark.parametrize("kind, norm, options, transpose", [
    ("Conv2d", "BatchNorm2d", {}, False), ("Conv1d", "BatchNorm1d", {"bias": False}, False),
    ("ConvTranspose2d", "BatchNorm2d", {}, True), ("Linear", "BatchNorm1d", {}, None),
    ("Conv2d", "BatchNorm2d", {"affine": False}, False)])
def test_fused(kind: str, norm: str, options: dict[str, Any], transpose: bool | None) -> None:
    """The fused layer does what the two did, and has PyTorch's weights."""
    seen = []
    size = {"Linear": (), "Conv1d": (6,)}.get(kind, (5, 5))
    for library in (flambeau, torch):
        own = {} if kind == "Linear" else {"kernel_size": 3}
        made = layer(library, kind, 3, 4, **own,
                     **{k: v for k, v in options.items() if k == "bias"}).eval()
        bn = layer(library, norm, 4, **{k: v for k, v in options.items() if k == "affine"}).eval()
        utils = library.nn.utils
        fused = utils.fuse_linear_bn_eval(made, bn) if transpose is None else (
            utils.fuse_conv_bn_eval(made, bn, transpose))
        x = library.linspace(-1, 1, 6 * int(np.prod(size))).view(2, 3, *size)
        np.testing.assert_allclose(fused(x).detach().numpy(), bn(made(x)).detach().numpy(),
                                   rtol=1e-4, atol=1e-5)
        seen.append([p.detach().numpy() for p in fused.parameters()])
        with pytest.raises(AssertionError, match="Fusion only for eval!"):
            utils.fuse_conv_bn_eval(made.train(), bn)
    for ours, theirs in zip(*seen, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
