"""Adam, and AMSGrad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..device import strided
from ..ops import elementwise as ew
from ..ops.define import Sym
from ..tensor import Tensor
from .optimizer import Group, ParamsT
from .options import check_at_least_zero, check_betas, check_fused, check_lr, number
from .plan import Cohort
from .rule import RuleOptimizer, Settings


class Adam(RuleOptimizer):
    r"""Adam: steps scaled by running averages of the gradient and of its square.

    m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²;
    p ← p - γ m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε).

    Args:
        params: parameters or parameter groups.
        lr: γ. Default: 1e-3.
        betas: (β₁, β₂). Default: (0.9, 0.999).
        eps: ε. Default: 1e-8.
        weight_decay: λ; g ← g + λ p before the averages. Default: 0.
        amsgrad: use the largest v so far. Default: False.
        foreach, fused, capturable: accepted; every step is one pass over all parameters.
        maximize: ascend instead. Default: False.
        differentiable: let autograd record the step. Default: False.
        decoupled_weight_decay: p ← p - γ λ p instead of decay in the gradient. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.Adam([weight], lr=0.5)
        >>> (weight - 1).pow(2).sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.5000, 0.5000], requires_grad=True)

    Source: Kingma and Ba, 2015; Reddi et al., 2018; torch.optim.Adam
    """

    option_defaults = {"amsgrad": False, "maximize": False, "foreach": None, "capturable": False,
                       "differentiable": False, "decoupled_weight_decay": False, "fused": None}

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-3,
                 betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None,
                 maximize: bool = False, capturable: bool = False, differentiable: bool = False,
                 fused: bool | None = None, decoupled_weight_decay: bool = False) -> None:
        refused = bool(foreach and not capturable)
        if isinstance(lr, Tensor) and refused:
            raise ValueError("lr as a Tensor is not supported for capturable=False and "
                             "foreach=True")
        check_lr(lr)
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        check_at_least_zero(weight_decay, "weight_decay")
        super().__init__(params, {
            "lr": lr, "betas": _checked_betas(betas, refused), "eps": eps,
            "weight_decay": weight_decay, "amsgrad": amsgrad, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay})
        check_fused(fused, foreach, differentiable)

    def check(self, group: Group, param: Any) -> None:
        if param._grad.layout is not strided:
            raise RuntimeError("Adam does not support sparse gradients, please consider "
                               "SparseAdam instead")
        if group["foreach"] and isinstance(group["lr"], Tensor) and not group["capturable"]:
            raise RuntimeError("lr as a Tensor is not supported for capturable=False and "
                               "foreach=True")

    def states(self, group: Group, param: Any) -> tuple[str, ...]:
        return (("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"]
                else ("exp_avg", "exp_avg_sq"))

    def settings(self, cohort: Cohort) -> Settings:
        group = cohort.group
        step = cohort.counters[0] + 1
        cohort.count((step,))
        lr, decay = number(group["lr"], group), number(group["weight_decay"], group)
        beta1, beta2 = group["betas"]
        beta1, beta2 = number(beta1, group), number(beta2, group)
        decoupled = bool(group["decoupled_weight_decay"])
        flags = (bool(decay != 0), decoupled, group["amsgrad"], group["maximize"])
        return flags, (1 - beta1, beta2, 1 - beta2, lr / (1 - beta1 ** step),
                       (1 - beta2 ** step) ** 0.5, group["eps"],
                       1 - lr * decay if decoupled else decay)

    @staticmethod
    def rule(flags: Any, param: Sym, grad: Sym, states: Sequence[Sym],
             coefficients: Sequence[Sym]) -> tuple[Sym, ...]:
        decays, decoupled, amsgrad, maximize = flags
        toward, keep, add, step_size, correction, eps, decay = coefficients
        mean, square = states[:2]
        if maximize:
            grad = -grad
        if decays and decoupled:
            param = param * decay
        elif decays:
            grad = grad + param * decay
        mean = mean + (grad - mean) * toward
        square = square * keep + grad * grad * add
        if not amsgrad:
            return param - mean * step_size / (ew.sqrt(square) / correction + eps), mean, square
        largest = ew.maximum(states[2], square)
        param = param - mean * step_size / (ew.sqrt(largest) / correction + eps)
        return param, mean, square, largest


def _checked_betas(betas: tuple[Any, Any], refused: bool) -> tuple[Any, Any]:
    tensors = [isinstance(b, Tensor) for b in betas]
    if any(tensors) != all(tensors) or not all(isinstance(b, (float, Tensor)) for b in betas):
        raise ValueError("betas must be either both floats or both Tensors")
    for i, b in enumerate(betas):
        if isinstance(b, Tensor):
            if refused:
                raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False "
                                 "and foreach=True")
            if b.numel() != 1:
                raise ValueError(f"Tensor betas[{i}] must be 1-element")
    first, second = [b.squeeze() if isinstance(b, Tensor) and b.ndim else b for b in betas]
    return first, second
