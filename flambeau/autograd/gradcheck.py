"""Gradients compared with finite differences, to first and second order."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import generator
from ..engines.choice import one_engine
from ..engines.realize import realize
from ..graph import leaf
from .api import grad
from .base import TensorBase, wrap
from .modes import enable_grad


class GradcheckError(RuntimeError):
    """What gradcheck and gradgradcheck raise where gradients are wrong."""


def _tensors(x: Any) -> list[Any]:
    if isinstance(x, TensorBase):
        return [x]
    return [t for y in x for t in _tensors(y)] if isinstance(x, (tuple, list)) else []


def _differentiable(outputs: Any) -> list[Any]:
    return [t for t in _tensors(outputs) if t.requires_grad]


def _array(t: Any) -> Any:
    return np.array(realize(t._value(), "gradcheck"))


def _call(fn: Callable[..., Any], inputs: Sequence[Any], place: int, moved: Any) -> list[Any]:
    """The outputs with one input replaced by other values."""
    count = -1
    args = []
    for x in inputs:
        count += isinstance(x, TensorBase)
        if isinstance(x, TensorBase) and count == place:
            t = wrap(leaf(moved, x.dtype))  # type: ignore[attr-defined]
            t._rg = x._rg
            args.append(t)
        else:
            args.append(x)
    return [_array(t) for t in _differentiable(fn(*args))]


def _numerical(fn: Callable[..., Any], inputs: Sequence[Any], place: int, x: Any, outs: int,
               eps: float) -> list[Any]:
    """Jacobians (elements of x, elements of each output) by central differences."""
    base = _array(x)
    steps = (eps,) if base.dtype.kind != "c" else (eps, 1j * eps)
    rows: list[list[Any]] = [[] for _ in range(outs)]
    for i in range(base.size):
        ends = []
        for step in steps:
            pair = []
            for sign in (1, -1):
                moved = base.copy().reshape(-1)
                moved[i] += sign * step
                pair.append(_call(fn, inputs, place, moved.reshape(base.shape)))
            ends.append([(a - b) / (2 * eps) for a, b in zip(*pair, strict=True)])
        for k in range(outs):
            slopes = [end[k] for end in ends]
            rows[k].append(_complex_row(slopes) if len(ends) == 2 else slopes[0].reshape(-1))
    return [np.array(r) for r in rows]


def _complex_row(slopes: Sequence[Any]) -> Any:
    along_real, along_imag = (s.reshape(-1) for s in slopes)
    if along_real.dtype.kind == "c":  # analytic: conj of the derivative by real steps
        return np.conj(along_real)
    return along_real + 1j * along_imag


def _analytical(fn: Callable[..., Any], inputs: Sequence[Any], xs: list[Any]) -> Any:
    """For each output the list of Jacobians, one backward pass per element of the output."""
    outputs = _differentiable(fn(*inputs))
    found = []
    for out in outputs:
        size, data = out.numel(), out.dtype.numpy
        columns: list[list[Any]] = [[] for _ in xs]
        for j in range(size):
            seed = np.zeros(size, data)
            seed[j] = 1
            grads = grad([out], xs, [wrap(leaf(seed.reshape(tuple(out.shape)), out.dtype))],
                         retain_graph=True, allow_unused=True)
            for k, g in enumerate(grads):
                value = np.zeros(tuple(xs[k].shape), xs[k].dtype.numpy) if g is None else _array(g)
                columns[k].append(value.reshape(-1))
        found.append([np.array(c).T.reshape(x.numel(), size)
                      for c, x in zip(columns, xs, strict=True)])
    return outputs, found


def _fail(message: str, raise_exception: bool) -> bool:
    if raise_exception:
        raise GradcheckError(message)
    return False


def gradcheck(func: Callable[..., Any], inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5,
              rtol: float = 1e-3, raise_exception: bool = True, nondet_tol: float = 0.0,
              check_undefined_grad: bool = True, check_grad_dtypes: bool = False,
              check_batched_grad: bool = False, check_batched_forward_grad: bool = False,
              check_forward_ad: bool = False, check_backward_ad: bool = True,
              fast_mode: bool = False, masked: bool | None = None) -> bool:
    """Compare the gradients of `func` with central differences.

    |numerical − analytical| ≤ atol + rtol · |analytical| must hold for every element.

    Args:
        func: a function of the inputs that returns one tensor or several.
        inputs: a tensor or a tuple; float64 tensors that require grad are checked.
        eps: step of the differences. Default: 1e-6.
        atol, rtol: tolerances. Defaults: 1e-5, 1e-3.
        raise_exception: raise instead of returning False. Default: True.
        nondet_tol: how much two backward passes may differ. Default: 0.
        check_undefined_grad, check_grad_dtypes, check_batched_grad, check_batched_forward_grad,
            check_forward_ad, check_backward_ad, fast_mode, masked: accepted as in PyTorch; the full
            reverse-mode check is what runs.

    Returns:
        True if all gradients agree.

    Raises:
        GradcheckError: where one does not.
        ValueError: where no input requires grad.

    Example:
        >>> import flambeau as torch
        >>> x = torch.ones(3, dtype=torch.float64, requires_grad=True)
        >>> torch.autograd.gradcheck(torch.exp, (x,))
        True

    Source: PyTorch page `torch.autograd.gradcheck`.
    """
    args = (inputs,) if isinstance(inputs, TensorBase) else tuple(inputs)
    tensors = [t for t in args if isinstance(t, TensorBase)]
    checked = [(n, t) for n, t in enumerate(tensors) if t._rg]
    if not checked:
        raise ValueError("gradcheck expects at least one input tensor to require gradient, but "
                         "none of the them have requires_grad=True.")
    for n, t in checked:
        if t.dtype.itemsize < (16 if t.dtype.is_complex else 8):  # type: ignore[attr-defined]
            warnings.warn(f"Input #{n} requires gradient and is not a double precision floating "
                          "point or complex. This check will likely fail if all the inputs are not "
                          "of double precision floating point or complex. ", stacklevel=2)
    with enable_grad(), one_engine():
        xs = [t for _, t in checked]
        outputs, analytical = _analytical(func, args, xs)
        again = _analytical(func, args, xs)[1]
        for k, (place, x) in enumerate(checked):
            numerical = _numerical(func, args, place, x, len(outputs), eps)
            for o in range(len(outputs)):
                a, b, n = analytical[o][k], again[o][k], numerical[o]
                if not np.all(np.abs(a - b) <= nondet_tol):
                    return _fail(
                        "Backward is not reentrant, i.e., running backward with same input and "
                        "grad_output multiple times gives different values, although analytical "
                        "gradient matches numerical gradient.The tolerance for nondeterminism was "
                        f"{nondet_tol}.", raise_exception)
                n = n.reshape(a.shape)
                if not np.allclose(n, a, rtol=rtol, atol=atol, equal_nan=True):
                    return _fail(f"Jacobian mismatch for output {o} with respect to input "
                                 f"{place},\nnumerical:{wrap(leaf(n))}\nanalytical:{wrap(leaf(a))}\n",
                                 raise_exception)
    return True


def _random_seed(output: Any) -> Any:
    """A random gradient of an output, from the program's own stream of random numbers."""
    spec = output._node.spec
    values = generator.uniform(generator.default_generator, spec.shape, spec.dtype.numpy, -1, 1)
    seed = wrap(leaf(values, spec.dtype))
    seed._rg = True
    return seed


def gradgradcheck(func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, *,
                  eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
                  gen_non_contig_grad_outputs: bool = False, raise_exception: bool = True,
                  nondet_tol: float = 0.0, check_undefined_grad: bool = True,
                  check_grad_dtypes: bool = False, check_batched_grad: bool = False,
                  check_fwd_over_rev: bool = False, check_rev_over_rev: bool = True,
                  fast_mode: bool = False, masked: bool = False) -> bool:
    """Compare second gradients of `func` with differences of its first ones.

    Args:
        func, inputs, eps, atol, rtol, raise_exception, nondet_tol: as for gradcheck.
        grad_outputs: gradients of the outputs; None: random ones.
        gen_non_contig_grad_outputs, check_undefined_grad, check_grad_dtypes, check_batched_grad,
            check_fwd_over_rev, check_rev_over_rev, fast_mode, masked: accepted as in PyTorch.

    Returns:
        True if all second gradients agree.

    Raises:
        GradcheckError: where one does not.
    """
    args = (inputs,) if isinstance(inputs, TensorBase) else tuple(inputs)
    outputs = _differentiable(func(*args))
    if grad_outputs is None:
        seeds = [_random_seed(o) for o in outputs]
    else:
        seeds = [grad_outputs] if isinstance(grad_outputs, TensorBase) else list(grad_outputs)
    count = len(args)

    def first(*values: Any) -> tuple[Any, ...]:
        xs = [v for v in values[:count] if isinstance(v, TensorBase) and v._rg]
        outs = _differentiable(func(*values[:count]))
        grads = grad(outs, xs, values[count:], create_graph=True, allow_unused=True)
        return tuple(g for g in grads if g is not None)
    return gradcheck(first, (*args, *seeds), eps=eps, atol=atol, rtol=rtol,
                     raise_exception=raise_exception, nondet_tol=nondet_tol)
