"""The two ways into the backward pass: `backward` adds into `.grad`, `grad` returns gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops.movement import concatenate, reshape
from .base import TensorBase, wrap
from .engine import implicit_seed, run_backward
from .node import GradientEdge
from .record import Values, op


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return (x,) if isinstance(x, (TensorBase, GradientEdge)) or x is None else tuple(x)


def _seeds(tensors: tuple[Any, ...], grads: tuple[Any, ...]) -> list[Any]:
    if len(grads) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(grads)} gradients")
    seeds = []
    for i, (t, g) in enumerate(zip(tensors, grads, strict=True)):
        s = t._node.spec
        if g is None:
            if not t._rg:
                raise RuntimeError(f"element {i} of tensors does not require grad and does not "
                                   "have a grad_fn")
            if s.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            if not s.dtype.is_floating_point:
                raise RuntimeError("grad can be implicitly created only for real scalar outputs "
                                   f"but got {s.dtype!r}")
            seeds.append(wrap(implicit_seed(t)))
            continue
        if not isinstance(g, TensorBase):
            raise TypeError("gradients can be either Tensors or None, but got "
                            + type(g).__name__)
        if g._node.spec.shape != s.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of "
                f"{_size(g)} and output[{i}] has a shape of {_size(t)}.")
        if not t._rg:
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a "
                               "grad_fn")
        seeds.append(g)
    return seeds


def _size(t: Any) -> str:
    return f"torch.Size({list(t._node.spec.shape)})"


def backward(tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None,
             create_graph: bool = False, grad_variables: Any = None,
             inputs: Any = None) -> None:
    """Add the gradients of `tensors` with respect to the leaves into their `.grad`.

    Args:
        tensors: one tensor or a sequence of them.
        grad_tensors: their gradients; may be None for scalars. Default: None.
        retain_graph: keep what was saved for another pass. Default: create_graph.
        create_graph: tape the pass itself, for higher derivatives. Default: False.
        grad_variables: old name of grad_tensors.
        inputs: only these tensors receive gradients. Default: all leaves.

    Raises:
        RuntimeError: where a tensor does not require grad, a gradient's shape is wrong, what was
            saved has been freed, or was modified in place.

    Example:
        >>> import flambeau as torch
        >>> x = torch.tensor([1., 2.], requires_grad=True)
        >>> torch.autograd.backward((x * x).sum())
        >>> x.grad
        tensor([2., 4.])
    """
    if grad_variables is not None:
        grad_tensors = grad_variables if grad_tensors is None else grad_tensors
    wanted = None if inputs is None else _as_tuple(inputs)
    if wanted is not None and len(wanted) == 0:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    roots = _as_tuple(tensors)
    seeds = _seeds(roots, _as_tuple(grad_tensors) if grad_tensors is not None
                   else (None,) * len(roots))
    keep = create_graph if retain_graph is None else retain_graph
    run_backward(roots, seeds, keep=keep, create=create_graph, inputs=wanted, collect=False)


def grad(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool | None = None,
         create_graph: bool = False, only_inputs: bool = True, allow_unused: bool | None = None,
         is_grads_batched: bool = False, materialize_grads: bool = False) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, returned.

    Args:
        outputs: one tensor or a sequence of them.
        inputs: tensors, or places of the tape (`graph.get_gradient_edge`).
        grad_outputs: gradients of the outputs. Default: None (1 for scalars).
        retain_graph: keep what was saved. Default: create_graph.
        create_graph: tape the pass itself. Default: False.
        only_inputs: ignored, as in PyTorch.
        allow_unused: give None for inputs that the outputs do not depend on instead of raising.
        is_grads_batched: the gradients have one more dimension in front; one pass for each.
        materialize_grads: zeros in place of None. Default: False.

    Returns:
        One gradient per input.

    Raises:
        RuntimeError: as `backward`, and for an unused input without allow_unused.
    """
    roots, wanted = _as_tuple(outputs), _as_tuple(inputs)
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when "
                         "materialize_grads=True, but got: allow_unused=False.")
    unused = materialize_grads if allow_unused is None else allow_unused
    given = (None,) * len(roots) if grad_outputs is None else _as_tuple(grad_outputs)
    keep = create_graph if retain_graph is None else retain_graph
    for t in wanted:
        if not (type(t) is GradientEdge or t._rg):
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    if is_grads_batched:
        return _batched(roots, wanted, given, keep, create_graph, unused)
    found = run_backward(roots, _seeds(roots, given), keep=keep, create=create_graph,
                         inputs=wanted, collect=True)
    return tuple(_present(found, wanted, unused, materialize_grads))


def _present(found: Sequence[Any], wanted: Sequence[Any], unused: bool,
             zeros: bool) -> list[Any]:
    out = []
    for i, (g, t) in enumerate(zip(found, wanted, strict=True)):
        if g is None and not unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {i} appears to not have been used in the "
                "graph. Set allow_unused=True if this is the desired behavior.")
        out.append(t.detach() * 0 if g is None and zeros else g)
    return out


@op(name="stack", grad="StackBackward0", widen=False)
def _stack(tensors: Values) -> Any:
    return concatenate(*[reshape(x, shape=(1, *x.shape)) for x in tensors], axis=0)


def _batched(roots: tuple[Any, ...], wanted: tuple[Any, ...], given: tuple[Any, ...], keep: bool,
             create: bool, unused: bool) -> tuple[Any, ...]:
    count = given[0].shape[0]
    rows = []
    for i in range(count):
        last = i == count - 1
        rows.append(grad(roots, wanted, tuple(g[i] for g in given), keep or not last, create,
                         allow_unused=unused))
    return tuple(None if column[0] is None else _stack(column)
                 for column in zip(*rows, strict=True))

