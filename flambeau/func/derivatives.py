"""Derivatives of functions as functions: they nest, and pass through what they capture."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..autograd import enable_grad, is_grad_enabled
from ..autograd import grad as gradients
from ..functional.joining import stack
from ..tensor import Tensor
from ..utils._pytree import tree_leaves, tree_map, tree_structure, tree_unflatten

Function = Callable[..., Any]


def _rebuilt(tree: Any, values: Iterable[Any]) -> Any:
    """A tree of the same structure with other leaves."""
    return tree_unflatten(values, tree_structure(tree))


def _fresh(tree: Any) -> Any:
    """The tensors of a tree as new inputs, behind which an outer derivative may stand."""
    def renew(t: Any) -> Any:
        if not isinstance(t, Tensor):
            raise ValueError(f"expected all inputs to be Tensors, got {type(t).__name__}")
        if not (t.is_floating_point() or t.is_complex()):
            raise RuntimeError("only Tensors of floating point and complex dtype can require "
                               "gradients")
        return t.view_as(t) if t.requires_grad else t.detach().requires_grad_()
    return tree_map(renew, tree)


def looks_beyond(tensor: Tensor) -> bool:
    """Whether a tensor depends on a leaf that is not an input of a derivative now over."""
    if tensor.grad_fn is None:
        return tensor.requires_grad and not tensor._passed
    seen: set[int] = set()
    waiting: list[Any] = [tensor.grad_fn]
    while waiting:
        entry = waiting.pop()
        for edge in entry.edges:
            if edge is None or id(edge[0]) in seen:
                continue
            seen.add(id(edge[0]))
            if isinstance(edge[0], Tensor):
                if not edge[0]._passed:
                    return True
                continue
            waiting.append(edge[0])
    return False


def _outward(tree: Any, inner: Sequence[Any], outer: bool) -> Any:
    """What leaves a derivative: cut from the tape unless something outside it is reached."""
    for t in inner:
        t._passed = t.grad_fn is None

    def release(t: Any) -> Any:
        if not isinstance(t, Tensor) or not t.requires_grad:
            return t
        return t if outer and looks_beyond(t) else t.detach()
    return tree_map(release, tree)


def _pull(outputs: Sequence[Any], inputs: Sequence[Any], seeds: Sequence[Any]) -> list[Any]:
    """The gradients, themselves taped; zeros where nothing depends on an input."""
    pairs = [(o, s) for o, s in zip(outputs, seeds, strict=True) if o.requires_grad]
    found: Sequence[Any] = [None] * len(inputs)
    if pairs and inputs:
        with enable_grad():
            found = gradients([o for o, _ in pairs], inputs, [s for _, s in pairs],
                              create_graph=True, allow_unused=True)
    return [t.new_zeros(t.shape) if g is None else g for g, t in zip(found, inputs, strict=True)]


def _split(value: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    if not has_aux:
        return value, None
    if not (isinstance(value, tuple) and len(value) == 2):
        raise RuntimeError(f"{name}: output of function f should be a tuple: (output, aux) if "
                           "has_aux is True")
    return value


def _require_tensors(outputs: Sequence[Any], name: str) -> None:
    for t in outputs:
        if not isinstance(t, Tensor):
            raise RuntimeError(f"{name}: Expected f to return only Tensors, got {type(t)}")


def _positions(argnums: int | tuple[int, ...], count: int) -> tuple[int, ...]:
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnum must be int or Tuple[int, ...], got: {type(argnums)}")
    places = (argnums,) if isinstance(argnums, int) else argnums
    if not places:
        raise RuntimeError("argnums must be non-empty")
    for place in places:
        if not -count <= place < count:
            raise RuntimeError(f"Got argnum={place}, but only {count} positional inputs")
    return tuple([place % count for place in places])


def _of_chosen(func: Function, args: tuple[Any, ...], kwargs: dict[str, Any],
               argnums: int | tuple[int, ...]) -> tuple[Function, Any]:
    """The function of the chosen arguments alone (as one tree), and those arguments."""
    places = _positions(argnums, len(args))

    def of_chosen(chosen: Any) -> Any:
        filled = list(args)
        for place, value in zip(places, (chosen,) if isinstance(argnums, int) else chosen,
                                strict=True):
            filled[place] = value
        return func(*filled, **kwargs)
    return of_chosen, args[places[0]] if isinstance(argnums, int) else tuple(
        [args[place] for place in places])


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The function's value, and a function from cotangents v to the products v^T J.

    Args:
        func: a function of trees of tensors.
        primals: its arguments.
        has_aux: it returns (output, other things). Default: False.

    Returns:
        (output, vjp_fn), and the other things where has_aux.

    Example:
        >>> import flambeau as torch
        >>> value, pull = torch.func.vjp(torch.square, torch.tensor([1., 2.]))
        >>> pull(torch.ones(2))
        (tensor([2., 4.]),)

    Source: torch.func.vjp
    """
    outer = is_grad_enabled()
    inputs = _fresh(primals)
    own = tree_leaves(inputs)
    with enable_grad():
        value, aux = _split(func(*inputs), has_aux, "vjp")
    outputs = tree_leaves(value)
    _require_tensors(outputs, "vjp(f, *primals)")

    def pull(*cotangents: Any) -> Any:
        seeds = cotangents[0] if len(cotangents) == 1 else cotangents
        if tree_structure(seeds) != tree_structure(value):
            raise RuntimeError("Expected pytree structure of cotangents to be the same as pytree "
                               "structure of outputs to the function.")
        found = _rebuilt(inputs, _pull(outputs, own, tree_leaves(seeds)))
        return _outward(found, own, is_grad_enabled())
    parts = _outward((value, aux), own, outer)
    return (parts[0], pull, parts[1]) if has_aux else (parts[0], pull)


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """The function's value, and its best linear approximation there: v to J v.

    A backward pass is linear in its cotangent; the derivative of that is the product.

    Args:
        func: a function of trees of tensors.
        primals: its arguments.

    Returns:
        (output, jvp_fn).

    Source: torch.func.linearize
    """
    outer = is_grad_enabled()
    value, push, own = _linear(func, primals)
    return _outward(value, own, outer), push


def _linear(func: Function, primals: tuple[Any, ...]) -> tuple[Any, Function, list[Any]]:
    inputs = _fresh(primals)
    own = tree_leaves(inputs)
    with enable_grad():
        value = func(*inputs)
        outputs = tree_leaves(value)
        _require_tensors(outputs, "jvp(f, primals, tangents)")
        seeds = [o.new_zeros(o.shape).requires_grad_() for o in outputs]
        back = _pull(outputs, own, seeds)

    def push(*tangents: Any) -> Any:
        if tree_structure(tangents) != tree_structure(inputs):
            raise RuntimeError("Expected the tangents to have the same argument structure as the "
                               "primals")
        vectors = tree_leaves(tangents)
        for v, t in zip(vectors, own, strict=True):
            if v.shape != t.shape:
                raise RuntimeError("Expected the tangents to have the shapes of the primals, got "
                                   f"{v.shape} for {t.shape}")
        found = _pull(back, seeds, vectors)
        return _outward(_rebuilt(value, found), [*own, *seeds], is_grad_enabled())
    return value, push, own


def jvp(func: Function, primals: Any, tangents: Any, *, strict: bool = False,
        has_aux: bool = False) -> tuple[Any, ...]:
    """The function's value, and the product of its Jacobian with tangents.

    Args:
        func: a function of trees of tensors.
        primals, tangents: tuples of its arguments and of their tangents.
        strict: accepted for compatibility. Default: False.
        has_aux: it returns (output, other things). Default: False.

    Returns:
        (output, J v), and the other things where has_aux.

    Source: torch.func.jvp
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise RuntimeError("jvp(f, primals, tangents): Expected primals and tangents to be tuples")
    outer = is_grad_enabled()
    kept: list[Any] = []

    def main(*args: Any) -> Any:
        value, aux = _split(func(*args), has_aux, "jvp")
        kept.append(aux)
        return value
    value, push, own = _linear(main, primals)
    parts = _outward((value, kept[0]), own, outer)
    product = push(*tangents)
    return (parts[0], product, parts[1]) if has_aux else (parts[0], product)


def grad_and_value(func: Function, argnums: int | tuple[int, ...] = 0,
                   has_aux: bool = False) -> Function:
    """A function that returns the gradient of `func` and its value.

    Args:
        func: a function that returns one scalar.
        argnums: the arguments to differentiate by. Default: 0.
        has_aux: it returns (output, other things). Default: False.

    Returns:
        A function of the same arguments: (gradient, value), or (gradient, (value, aux)).

    Source: torch.func.grad_and_value
    """
    @functools.wraps(func)
    def derived(*args: Any, **kwargs: Any) -> Any:
        outer = is_grad_enabled()
        of_chosen, chosen = _of_chosen(func, args, kwargs, argnums)
        inputs = _fresh(chosen)
        own = tree_leaves(inputs)
        with enable_grad():
            value, aux = _split(of_chosen(inputs), has_aux, "grad_and_value(f)(*args)")
        if not isinstance(value, Tensor):
            raise RuntimeError("Expected the function given to grad to return a Tensor, got "
                               f"{type(value)}")
        if value.dim() != 0:
            raise RuntimeError("Expected the function given to grad to return a scalar tensor, "
                               f"got tensor with {value.dim()} dims.")
        found = _rebuilt(inputs, _pull([value], own, [value.new_ones(())]))
        slope, value, aux = _outward((found, value, aux), own, outer)
        return slope, (value, aux) if has_aux else value
    return derived


def grad(func: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """A function that returns the gradient of `func`.

    Args:
        func, argnums, has_aux: as for `grad_and_value`.

    Returns:
        A function of the same arguments: the gradient, or (gradient, aux).

    Example:
        >>> import flambeau as torch
        >>> torch.func.grad(torch.func.grad(lambda x: x ** 3))(torch.tensor(2.))
        tensor(12.)

    Source: torch.func.grad
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def derived(*args: Any, **kwargs: Any) -> Any:
        slope, value = both(*args, **kwargs)
        return (slope, value[1]) if has_aux else slope
    return derived


def _units(parts: Sequence[Any]) -> list[list[Any]]:
    """One list of tensors per element of all parts: zeros with a single 1."""
    made = []
    for place, part in enumerate(parts):
        for i in range(part.numel()):
            row = [p.new_zeros(p.shape) for p in parts]
            flat = part.new_zeros(part.numel())
            flat[i] = 1
            row[place] = flat.reshape(part.shape)
            made.append(row)
    return made


def _blocks(rows: list[list[Any]], outputs: list[Any], inputs: list[Any]) -> list[list[Any]]:
    """Rows (one per element of the outputs) as one block per output and input."""
    blocks, start = [], 0
    for output in outputs:
        part = rows[start:start + output.numel()]
        start += output.numel()
        blocks.append([
            (stack([row[k] for row in part]) if part else t.new_zeros((0, *t.shape)))
            .reshape(*output.shape, *t.shape) for k, t in enumerate(inputs)])
    return blocks


def jacrev(func: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *,
           chunk_size: int | None = None, _preallocate_and_copy: bool = False) -> Function:
    """A function that returns the Jacobian of `func`, row by row.

    Args:
        func, argnums, has_aux: as for `grad_and_value`, but of any outputs.
        chunk_size: accepted for compatibility: rows are computed one by one.

    Returns:
        A function of the same arguments: a tree as the outputs', of trees as the arguments', of
        tensors of shape outputs + inputs; or (that, aux).

    Source: torch.func.jacrev
    """
    @functools.wraps(func)
    def derived(*args: Any, **kwargs: Any) -> Any:
        of_chosen, chosen = _of_chosen(func, args, kwargs, argnums)
        value, pull, *aux = vjp(of_chosen, chosen, has_aux=has_aux)
        outputs = tree_leaves(value)
        rows = [tree_leaves(pull(_rebuilt(value, unit))[0]) for unit in _units(outputs)]
        blocks = _blocks(rows, outputs, tree_leaves(chosen))
        found = _rebuilt(value, [_rebuilt(chosen, row) for row in blocks])
        return (found, *aux) if has_aux else found
    return derived


def jacfwd(func: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *,
           randomness: str = "error") -> Function:
    """A function that returns the Jacobian of `func`, column by column.

    Args:
        func, argnums, has_aux: as for `jacrev`.
        randomness: accepted for compatibility: the function is called once.

    Returns:
        As `jacrev`.

    Source: torch.func.jacfwd
    """
    @functools.wraps(func)
    def derived(*args: Any, **kwargs: Any) -> Any:
        of_chosen, chosen = _of_chosen(func, args, kwargs, argnums)
        kept: list[Any] = []

        def main(inputs: Any) -> Any:
            value, aux = _split(of_chosen(inputs), has_aux, "jacfwd")
            kept.append(aux)
            return value
        outer = is_grad_enabled()
        value, push, own = _linear(main, (chosen,))
        inputs, outputs = tree_leaves(chosen), tree_leaves(value)
        columns = [tree_leaves(push(_rebuilt(chosen, unit))) for unit in _units(inputs)]
        turned = _blocks(columns, inputs, outputs)
        found = _rebuilt(value, [
            _rebuilt(chosen, [turned[i][k].movedim(tuple(range(t.dim())),
                                                 tuple(range(-t.dim(), 0)))
                             for i, t in enumerate(inputs)]) for k in range(len(outputs))])
        return (found, _outward(kept[0], own, outer)) if has_aux else found
    return derived


def hessian(func: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """A function that returns the second derivatives of `func`: `jacfwd(jacrev(func))`.

    Args:
        func, argnums: as for `jacrev`.

    Source: torch.func.hessian
    """
    return jacfwd(jacrev(func, argnums), argnums)
