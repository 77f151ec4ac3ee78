"""Adafactor: Adam's scaling from row and column sums, in little memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtype import finfo
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.define import Sym
from ..ops.movement import reshape
from ..tensor import Tensor
from .optimizer import Group, ParamsT
from .options import number
from .plan import Cohort
from .rule import RuleOptimizer, Settings


class Adafactor(RuleOptimizer):
    r"""Adafactor: the mean squares of a matrix are kept as the product of a column and a row.

    Args:
        params: parameters or parameter groups, real.
        lr: largest step relative to the parameter's size. Default: 1e-2.
        beta2_decay: exponent τ of the decay 1 - t^τ of mean squares. Default: -0.8.
        eps: (ε₁, ε₂): floor of mean squares (None: the dtype's precision) and of the parameter's
            root mean square. Default: (None, 1e-3).
        d: largest root mean square of an update. Default: 1.0.
        weight_decay: λ; p ← p - γ λ p. Default: 0.
        foreach: accepted; every step is one pass over all parameters.
        maximize: ascend instead. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.ones(2, requires_grad=True)
        >>> optimizer = torch.optim.Adafactor([weight], lr=0.5)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.5000, 0.5000], requires_grad=True)

    Source: Shazeer and Stern, 2018; torch.optim.Adafactor
    """

    supports_complex = False
    option_defaults = {"foreach": None}

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-2, beta2_decay: float = -0.8,
                 eps: tuple[float | None, float] = (None, 1e-3), d: float = 1.0,
                 weight_decay: float = 0.0, *, foreach: bool | None = None,
                 maximize: bool = False) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 <= lr:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not 0.0 >= beta2_decay:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not 0.0 <= eps[0]:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not 0.0 <= eps[1]:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not 1.0 <= d:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        super().__init__(params, {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d,
            "weight_decay": weight_decay, "foreach": foreach, "maximize": maximize})

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return ("row_var", "col_var") if len(param._node.spec.shape) > 1 else ("variance",)

    def initial(self, group: Group, param: Any, name: str) -> Any:
        if name not in ("row_var", "col_var"):
            return super().initial(group, param, name)
        shape = list(param._node.spec.shape)
        shape[-1 if name == "row_var" else -2] = 1
        return np.zeros(shape, param.dtype.numpy)

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        step = cohort.counters[0] + 1
        cohort.count((step,))
        lr, decay = number(group["lr"], group), group["weight_decay"]
        eps1, eps2 = group["eps"]
        if eps1 is None:
            eps1 = finfo(cohort.dtype).eps
        return (decay != 0, bool(group["maximize"])), (
            step ** group["beta2_decay"], min(lr, 1 / step ** 0.5), eps1, eps1 * eps1, eps2,
            group["d"], 1 - lr * decay)

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        decays, maximize = flags
        toward, rate, eps1, eps1_squared, eps2, largest, decay = coefficients
        if maximize:
            grad = -grad
        scale = ew.maximum(_root_mean_square(param), eps2) * rate
        if decays:
            param = param * decay
        if grad.ndim > 1:
            row, column = states
            row = row + (_mean_square(grad, row, grad.ndim - 1) - row) * toward
            column = column + (_mean_square(grad, column, grad.ndim - 2) - column) * toward
            size = _mean(row, (*row.shape[:-2], 1, 1), row.ndim - 2)
            new: tuple[Sym, ...] = (row, column)
            variance = row * column / ew.maximum(size, eps1)
        else:
            variance = states[0] + (grad * grad - states[0]) * toward
            new = (variance,)
        update = ew.rsqrt(ew.maximum(variance, eps1_squared)) * grad
        excess = ew.maximum(_root_mean_square(update) / largest, ar.literal(1.0, update.dtype))
        return param - update * (scale / excess), *new


def _root_mean_square(x: Sym) -> Sym:
    total = rd.reduce_sum(x * x, axes=tuple(range(x.ndim)))
    return ew.sqrt(total) / math.sqrt(x.size)


def _mean(x: Sym, shape: tuple[int, ...], axis: int) -> Sym:
    return reshape(rd.reduce_sum(x, axes=(axis,)), shape=shape) / x.shape[axis]


def _mean_square(grad: Sym, like: Sym, axis: int) -> Sym:
    return _mean(grad * grad, like.shape, axis)
