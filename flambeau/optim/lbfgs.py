"""L-BFGS: quasi-Newton steps from a short memory of earlier ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import enable_grad, no_grad
from ..autograd.base import wrap
from ..autograd.record import Value, Values, op
from ..engines import realize
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops.define import Sym
from ..ops.movement import concatenate, reshape, strided_slice
from ..tensor import Tensor, from_array
from .line_search import strong_wolfe
from .optimizer import Optimizer, ParamsT
from .options import check_lr, number
from .plan import rename


@op
def _flatten(parts: Values) -> Any:
    """All values in one vector; a complex value is two."""
    d = ar.result_type(*parts).to_real()
    return concatenate(*[ar.astype(_vector(x), d) for x in parts], axis=0)


def _vector(x: Sym) -> Sym:
    if x.dtype.is_complex:
        pair = [reshape(part(x), shape=(x.size, 1)) for part in (ew.real, ew.imag)]
        x = concatenate(*pair, axis=1)
    out: Sym = reshape(x, shape=(x.size,))
    return out


@op
def _moved(params: Values, update: Value, step: Value) -> Any:
    """Every parameter plus step times its part of the flat update."""
    out, start = [], 0
    for p in params:
        n = p.size * (2 if p.dtype.is_complex else 1)
        part = strided_slice(update, start=(start,), shape=(n,), step=(1,)) * step
        out.append(ar.astype(p + _shaped(part, p), p.dtype))
        start += n
    return tuple(out)


def _shaped(part: Sym, like: Sym) -> Sym:
    if not like.dtype.is_complex:
        return reshape(part, shape=like.shape)
    half = (part.size // 2, 1)
    pairs = reshape(part, shape=(half[0], 2))
    real, imag = [reshape(strided_slice(pairs, start=(0, i), shape=half, step=(1, 1)),
                          shape=like.shape) for i in (0, 1)]
    return ew.to_complex(real, imag)


class LBFGS(Optimizer):
    r"""Limited-memory BFGS; one group of parameters, and a closure that is called several times.

    Args:
        params: parameters, in one group.
        lr: step length (with a line search: the first one tried). Default: 1.
        max_iter: iterations per step. Default: 20.
        max_eval: calls of the closure per step. Default: max_iter * 5 // 4.
        tolerance_grad: stop where no element of the gradient is larger. Default: 1e-7.
        tolerance_change: stop where loss or parameters change less. Default: 1e-9.
        history_size: steps remembered. Default: 100.
        line_search_fn: "strong_wolfe" or None.

    Raises:
        ValueError: for options out of range, or several groups.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.LBFGS([weight])
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = (weight - 1).pow(2).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure).item()
        2.0
        >>> weight
        tensor([1., 1.], requires_grad=True)

    Source: Nocedal, 1980; torch.optim.LBFGS
    """

    def __init__(self, params: ParamsT, lr: float | Tensor = 1, max_iter: int = 20,
                 max_eval: int | None = None, tolerance_grad: float = 1e-7,
                 tolerance_change: float = 1e-9, history_size: int = 100,
                 line_search_fn: str | None = None) -> None:
        check_lr(lr)
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        super().__init__(params, {
            "lr": lr, "max_iter": max_iter, "max_eval": max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change,
            "history_size": history_size, "line_search_fn": line_search_fn})
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Iterate until a tolerance or a limit is reached.

        Args:
            closure: evaluates the model anew, with gradients, and returns the loss.

        Returns:
            The loss before the step.

        Raises:
            RuntimeError: for an unknown line search.
        """
        group = self.param_groups[0]
        search = group["line_search_fn"]
        state = self.state[group["params"][0]]  # of all parameters together
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss, loss, gradient = self._evaluate(closure)
        state["func_evals"] += 1
        evaluations = 1
        if self._is_flat(gradient):
            return first_loss
        for iteration in range(1, group["max_iter"] + 1):
            direction = self._direction(state, gradient)
            slope = gradient.dot(direction).item()
            previous, step = loss, state["t"]
            if slope > -group["tolerance_change"]:
                break
            if search is None:
                self._move(self._values(), direction, step)
                done = 0
                if iteration != group["max_iter"]:  # nobody would use the last evaluation
                    _, loss, gradient = self._evaluate(closure)
                    done = 1
            elif search == "strong_wolfe":
                loss, gradient, step, done = self._search(
                    closure, direction, step, loss, gradient, slope,
                    group["max_eval"] - evaluations)
                state["t"] = step
            else:
                raise RuntimeError("only 'strong_wolfe' is supported")
            evaluations += done
            state["func_evals"] += done
            if (iteration == group["max_iter"] or evaluations >= group["max_eval"]
                    or self._is_flat(gradient)
                    or direction.mul(step).abs().max().item() <= group["tolerance_change"]
                    or abs(loss - previous) < group["tolerance_change"]):
                break
        realize.flush("optimizer step")
        return first_loss

    # ---- the objective as a function of one vector ----

    def _evaluate(self, closure: Callable[[], Any]) -> tuple[Any, float, Any]:
        """What the closure returns, the same as a number, and the flat gradient."""
        with enable_grad():
            loss = closure()
        parts = [p._grad if p._grad is not None else
                 from_array(np.zeros(tuple(p.shape), p.dtype.numpy))
                 for p in self.param_groups[0]["params"]]
        return loss, float(loss), _flatten(parts)

    def _is_flat(self, gradient: Any) -> bool:
        largest: float = gradient.abs().max().item()
        return bool(largest <= self.param_groups[0]["tolerance_grad"])

    def _values(self) -> list[Any]:
        return [p._value() for p in self.param_groups[0]["params"]]

    def _move(self, origin: list[Any], direction: Any, step: Any) -> None:
        """Set the parameters to origin + step · direction."""
        params = self.param_groups[0]["params"]
        made = _moved([wrap(node) for node in origin], direction, step)
        rename(params, [t._value() for t in made])

    def _search(self, closure: Callable[[], Any], direction: Any, step: Any, loss: float,
                gradient: Any, slope: float, limit: int) -> tuple[float, Any, float, int]:
        """Search along the direction and go to the step that is found."""
        origin = self._values()

        def evaluate(t: float) -> tuple[float, Any, float]:
            self._move(origin, direction, t)
            _, value, grad = self._evaluate(closure)
            return value, grad, grad.dot(direction).item()
        largest = direction.abs().max().item()
        point, done = strong_wolfe(evaluate, float(step), (loss, gradient, slope), largest, limit)
        self._move(origin, direction, point.step)
        return point.loss, point.gradient, point.step, done

    # ---- the direction ----

    def _direction(self, state: dict[str, Any], gradient: Any) -> Any:
        """The quasi-Newton direction; the state takes in the step that led here."""
        lr = number(self.param_groups[0]["lr"], {})
        state["n_iter"] += 1
        if state["n_iter"] == 1:
            state["d"] = gradient.neg()
            state["old_dirs"], state["old_stps"], state["ro"] = [], [], []
            state["H_diag"] = 1
            length = 1.0 / gradient.abs().sum()
            state["t"] = (length if length.item() < 1.0 else 1.0) * lr
        else:
            self._remember(state, gradient)
            state["d"] = self._two_loops(state, gradient)
            state["t"] = lr
        state["prev_flat_grad"] = gradient
        return state["d"]

    def _remember(self, state: dict[str, Any], gradient: Any) -> None:
        change, step = gradient - state["prev_flat_grad"], state["d"] * state["t"]
        curvature = change.dot(step)
        if curvature.item() <= 1e-10:
            return
        old = (state["old_dirs"], state["old_stps"], state["ro"])
        if len(old[0]) == self.param_groups[0]["history_size"]:
            for entries in old:
                entries.pop(0)
        for entries, new in zip(old, (change, step, 1.0 / curvature), strict=True):
            entries.append(new)
        state["H_diag"] = curvature / change.dot(change)

    def _two_loops(self, state: dict[str, Any], gradient: Any) -> Any:
        """The inverse Hessian of the memory, times the negative gradient."""
        changes, steps, inverse = state["old_dirs"], state["old_stps"], state["ro"]
        along = state.setdefault("al", [None] * self.param_groups[0]["history_size"])
        out = gradient.neg()
        for i in range(len(changes) - 1, -1, -1):
            along[i] = steps[i].dot(out) * inverse[i]
            out = out - changes[i] * along[i]
        out = out * state["H_diag"]
        for i in range(len(changes)):
            out = out + steps[i] * (along[i] - changes[i].dot(out) * inverse[i])
        return out
