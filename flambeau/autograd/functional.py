"""Derivatives of Python functions: products with vectors, Jacobians, Hessians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .api import _stack, grad
from .modes import enable_grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _tuple(x: Any) -> tuple[Any, ...]:
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


def _fresh(inputs: Any, create_graph: bool) -> tuple[Any, ...]:
    """The inputs as tensors with a gradient of their own."""
    if create_graph:
        return tuple([t.view_as(t) if t.requires_grad else t.detach().requires_grad_()
                      for t in _tuple(inputs)])
    return tuple([t.detach().requires_grad_() for t in _tuple(inputs)])


def _grads(outputs: tuple[Any, ...], inputs: tuple[Any, ...], seeds: Any, create_graph: bool,
           strict: bool) -> tuple[Any, ...]:
    """Gradients of the outputs that depend on something; zeros for inputs without."""
    pairs = [(o, s) for o, s in zip(outputs, seeds, strict=True) if o.requires_grad]
    found: Any = [None] * len(inputs)
    if pairs:
        found = grad([o for o, _ in pairs], inputs, [s for _, s in pairs],
                     create_graph=create_graph, retain_graph=True, allow_unused=True)
    if strict and any(g is None for g in found):
        missing = next(i for i, g in enumerate(found) if g is None)
        raise RuntimeError(f"The output of the user-provided function is independent of input "
                           f"{missing}. This is not allowed in strict mode.")
    return tuple([t.new_zeros(t.shape) if g is None else g
                  for g, t in zip(found, inputs, strict=True)])


def _vectors(v: Any, like: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"The vector v can only be None if {what}.")
        return (like[0].new_ones(like[0].shape),)
    vectors = _tuple(v)
    if len(vectors) != len(like):
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got "
                           f"{len(vectors)}.")
    for i, (a, b) in enumerate(zip(vectors, like, strict=True)):
        if a.shape != b.shape:
            place = f"Entry {i} in " if len(like) > 1 else ""
            raise RuntimeError(f"{place}v has invalid size: should be {b.shape} but got {a.shape}.")
    return vectors


def _result(values: Any, like: Any, create_graph: bool) -> Any:
    done = tuple([t if create_graph else t.detach() for t in values])
    return done if isinstance(like, (tuple, list)) else done[0]


@enable_grad()
def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:
    """The function's value, and the product of a vector with its Jacobian.

    Args:
        func: a function of tensors that returns a tensor or a tuple of them.
        inputs: its arguments, a tensor or a tuple.
        v: the vector, of the outputs' shapes. Default: 1, for a function with one element.
        create_graph: make the result differentiable. Default: False.
        strict: refuse inputs on which the outputs do not depend. Default: False.

    Returns:
        (outputs, v^T J).

    Example:
        >>> import flambeau as torch
        >>> torch.autograd.functional.vjp(lambda x: (x * x).sum(), torch.tensor([1., 2.]))
        (tensor(5.), tensor([2., 4.]))

    Source: torch.autograd.functional.vjp
    """
    tensors = _fresh(inputs, create_graph)
    value = func(*tensors)
    outputs = _tuple(value)
    vectors = _vectors(v, outputs, "the user-provided function returns a single Tensor with a "
                                   "single element")
    found = _grads(outputs, tensors, vectors, create_graph, strict)
    return _result(outputs, value, create_graph), _result(found, inputs, create_graph)


@enable_grad()
def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:
    """The function's value, and the product of its Jacobian with a vector.

    The backward pass is linear in the incoming gradient; its derivative is the product.

    Args:
        func, inputs, create_graph, strict: as for `vjp`.
        v: the vector, of the inputs' shapes. Default: 1, for one input with one element.

    Returns:
        (outputs, J v).

    Source: torch.autograd.functional.jvp
    """
    tensors = _fresh(inputs, create_graph)
    vectors = _vectors(v, tensors, "the input to the user-provided function is a single Tensor "
                                   "with a single element")
    value = func(*tensors)
    outputs = _tuple(value)
    seeds = tuple([o.new_zeros(o.shape).requires_grad_() for o in outputs])
    back = _grads(outputs, tensors, seeds, True, strict)
    found = _grads(back, seeds, vectors, create_graph, False)
    return _result(outputs, value, create_graph), _result(found, value, create_graph)


@enable_grad()
def jacobian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
             strict: bool = False, vectorize: bool = False,
             strategy: str = "reverse-mode") -> Any:
    """The matrix of partial derivatives of a function.

    Args:
        func, inputs, create_graph, strict: as for `vjp`.
        vectorize, strategy: accepted for compatibility.

    Returns:
        For one input and output a tensor of shape outputs + inputs; otherwise tuples of them,
        the outputs outside.

    Source: torch.autograd.functional.jacobian
    """
    tensors = _fresh(inputs, create_graph)
    value = func(*tensors)
    rows = []
    for output in _tuple(value):
        columns: list[list[Any]] = [[] for _ in tensors]
        for i in range(output.numel()):
            picked = output.reshape(-1)[i]
            seeds = (picked.new_ones(()),)
            found = _grads((picked,), tensors, seeds, create_graph, strict)
            for column, g in zip(columns, found, strict=True):
                column.append(g)
        parts = [(_stack(column) if column else t.new_zeros((0, *t.shape)))
                 .reshape(*output.shape, *t.shape)
                 for column, t in zip(columns, tensors, strict=True)]
        rows.append(_result(parts, inputs, create_graph))
    return tuple(rows) if isinstance(value, (tuple, list)) else rows[0]


def _scalar(func: Callable[..., Any], *inputs: Any) -> Any:
    value = func(*inputs)
    if isinstance(value, (tuple, list)) or value.numel() != 1:
        raise RuntimeError("The Tensor returned by the function given to hessian should contain "
                           "a single element")
    return value.reshape(())


def _slope(func: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient of a function with one element, as a function."""
    def gradient(*inputs: Any) -> tuple[Any, ...]:
        value = _scalar(func, *inputs)
        return _grads((value,), inputs, (value.new_ones(()),), True, False)
    return gradient


def hessian(func: Callable[..., Any], inputs: Any, create_graph: bool = False,
            strict: bool = False, vectorize: bool = False,
            outer_jacobian_strategy: str = "reverse-mode") -> Any:
    """The matrix of second derivatives of a function with one element.

    Args:
        func, inputs, create_graph, strict: as for `vjp`.
        vectorize, outer_jacobian_strategy: accepted for compatibility.

    Returns:
        For one input a tensor of shape inputs + inputs; otherwise a tuple of tuples.

    Source: torch.autograd.functional.hessian
    """
    found = jacobian(_slope(func), inputs, create_graph, strict)
    return found if isinstance(inputs, (tuple, list)) else found[0]


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:
    """The function's value, and the product of a vector with its Hessian.

    Args:
        func, inputs, v, create_graph, strict: as for `jvp`.

    Returns:
        (value, v^T H).

    Source: torch.autograd.functional.vhp
    """
    vectors = _vectors(v, _tuple(inputs), "the input to the user-provided function is a single "
                                          "Tensor with a single element")
    found = vjp(_slope(func), inputs, vectors, create_graph, strict)[1]
    value = func(*_tuple(inputs))
    return value if create_graph else value.detach(), found


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False,
        strict: bool = False) -> tuple[Any, Any]:
    """The function's value, and the product of its Hessian (which is symmetric) with a vector.

    Args:
        func, inputs, v, create_graph, strict: as for `jvp`.

    Returns:
        (value, H v).

    Source: torch.autograd.functional.hvp
    """
    return vhp(func, inputs, v, create_graph, strict)
