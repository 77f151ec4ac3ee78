"""What programs set for all that follows: default dtype and device, the state of the generator."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

import flambeau as torch


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The usual defaults, whatever a test did."""
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)


def test_default_dtype() -> None:
    """New floating-point tensors have it; only floating-point types may be it."""
    torch.set_default_dtype(torch.float64)
    assert torch.get_default_dtype() is torch.float64
    assert torch.ones(2).dtype is torch.tensor([1.0]).dtype is torch.float64
    with pytest.raises(TypeError, match="only floating-point types are supported"):
        torch.set_default_dtype(torch.int64)


def test_default_tensor_type() -> None:
    """The old way to say it, by a class or its name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.set_default_tensor_type(torch.DoubleTensor)
        assert torch.ones(1).dtype is torch.float64
        torch.set_default_tensor_type("torch.FloatTensor")
        assert torch.ones(1).dtype is torch.float32
        with pytest.raises(TypeError, match="only floating-point types are supported"):
            torch.set_default_tensor_type(torch.IntTensor)


def test_default_device() -> None:
    """There is one; PyTorch's other names for devices are known, anything else is an error."""
    torch.set_default_device("cpu")
    assert torch.get_default_device() == torch.device("cpu")
    with pytest.raises(RuntimeError, match="Expected one of cpu, cuda"):
        torch.set_default_device("nonsense")


def test_generator_state() -> None:
    """The numbers repeat from a saved state; `seed` takes a new one and tells it."""
    state = torch.get_rng_state()
    first = torch.rand(3)
    torch.set_rng_state(state)
    assert torch.equal(torch.rand(3), first)
    assert torch.seed() == torch.initial_seed()
    with pytest.raises(TypeError, match="RNG state must be a torch.ByteTensor"):
        torch.set_rng_state(torch.ones(3))
