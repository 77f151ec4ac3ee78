"""SparseAdam: Adam for gradients that have few rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import enable_grad
from ..autograd.record import Value, Values, op
from ..device import strided
from ..engines import realize
from ..ops import elementwise as ew
from ..ops.gather import put_at, take
from ..tensor import Tensor, from_array
from .optimizer import Optimizer, ParamsT
from .options import check_betas, number
from .plan import rename


@op
def _sparse_adam(param: Value, mean: Value, square: Value, grad: Value, toward: Value, add: Value,
                 step_size: Value, eps: Value, rows: Values, maximize: bool) -> Any:
    """Adam's update of the rows (or elements) at the given coordinates."""
    if maximize:
        grad = -grad
    old_mean, old_square = take(mean, *rows), take(square, *rows)
    new_mean = old_mean + (grad - old_mean) * toward
    new_square = old_square + (grad * grad - old_square) * add
    step = new_mean / (ew.sqrt(new_square) + eps) * step_size
    return (put_at(param, take(param, *rows) - step, *rows, mode="set"),
            put_at(mean, new_mean, *rows, mode="set"),
            put_at(square, new_square, *rows, mode="set"))


class SparseAdam(Optimizer):
    r"""Adam that updates, and lets decay, only the rows in which the gradient is present.

    Args:
        params: dense, real parameters, or parameter groups; their gradients are sparse.
        lr: step size. Default: 1e-3.
        betas: decay rates of the running averages. Default: (0.9, 0.999).
        eps: added to the denominator. Default: 1e-8.
        maximize: ascend instead. Default: False.

    Raises:
        ValueError: for options out of range, sparse or complex parameters.

    Source: torch.optim.SparseAdam
    """

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-3,
                 betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
                 maximize: bool = False) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 < lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0.0 < eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        sparse, complex_ = [], []
        for i, group in enumerate(self.param_groups):
            for k, p in enumerate(group["params"]):
                if p.layout is not strided:
                    sparse.append([i, k])
                if p.dtype.is_complex:
                    complex_.append([i, k])
        if sparse:
            raise ValueError(f"Sparse params at indices {sparse}: SparseAdam requires dense "
                             "parameter tensors")
        if complex_:
            raise ValueError(f"Complex params at indices {complex_}: SparseAdam does not support "
                             "complex parameters")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the rows that the gradients have.

        Args:
            closure: evaluates the model anew and returns the loss.

        Returns:
            What the closure returned.

        Raises:
            RuntimeError: for a dense gradient.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            present = [p for p in group["params"] if p._grad is not None]
            for p in present:
                if p._grad.layout is strided:
                    raise RuntimeError("SparseAdam does not support dense gradients, please "
                                       "consider Adam instead")
            for p in present:
                self._update(group, p)
        realize.flush("optimizer step")
        return loss

    def _update(self, group: dict[str, Any], p: Any) -> None:
        state = self.state[p]
        if not state:
            state["step"] = 0
            for name in ("exp_avg", "exp_avg_sq"):
                state[name] = from_array(np.zeros(tuple(p.shape), p.dtype.numpy))
        state["step"] += 1
        grad = p._grad.coalesce()
        indices, values = grad._indices(), grad._values()
        if not values.numel():
            return
        step = state["step"]
        beta1, beta2 = group["betas"]
        step_size = number(group["lr"], {}) * (1 - beta2 ** step) ** 0.5 / (1 - beta1 ** step)
        targets = (p, state["exp_avg"], state["exp_avg_sq"])
        param, mean, square = (t.detach() for t in targets)
        made = _sparse_adam(param, mean, square, values, 1 - beta1, 1 - beta2,
                            step_size, group["eps"], tuple(indices), bool(group.get("maximize")))
        rename(targets, [t._value() for t in made])
