"""A tensor seen as one of another class shares memory and gradient."""

from __future__ import annotations

import pytest

import flambeau


class Labelled(flambeau.Tensor):
    """A class of its own."""


def test_as_subclass() -> None:
    """Class, memory, gradient; other classes are refused."""
    whole = flambeau.arange(6.0).view(2, 3)
    seen = whole.t().as_subclass(Labelled)
    assert type(seen) is Labelled and seen.shape == (3, 2)
    assert seen.data_ptr() == whole.data_ptr()
    x = flambeau.ones(2, requires_grad=True)
    alias = x.as_subclass(Labelled)
    assert type(alias.grad_fn).__name__ == "AliasBackward0"
    (3 * alias).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [3.0, 3.0]
    with pytest.raises(TypeError, match="derives from Tensor"):
        x.as_subclass(int)


def test_methods_are_the_functions() -> None:
    """The methods give what the functions give."""
    x = flambeau.arange(6.0).view(2, 3)
    ones = flambeau.ones(2)
    for ours, function in [
            (x.as_strided_scatter(ones, (2,), (3,)),
             flambeau.as_strided_scatter(x, ones, (2,), (3,))),
            (x.narrow_copy(1, 0, 2), x[:, :2]),
            (x.nonzero_static(size=9), flambeau.nonzero_static(x, size=9))]:
        assert flambeau.equal(ours, function)
