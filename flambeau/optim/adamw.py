"""AdamW: Adam with weight decay apart from the gradient."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .adam import Adam
from .optimizer import ParamsT


class AdamW(Adam):
    r"""Adam whose weight decay acts on the parameter itself: p ← p - γ λ p before Adam's step.

    Args:
        params: parameters or parameter groups.
        lr: γ. Default: 1e-3.
        betas: (β₁, β₂). Default: (0.9, 0.999).
        eps: ε. Default: 1e-8.
        weight_decay: λ. Default: 1e-2.
        amsgrad: use the largest average of squares so far. Default: False.
        maximize: ascend instead. Default: False.
        foreach, fused, capturable: accepted; every step is one pass over all parameters.
        differentiable: let autograd record the step. Default: False.

    Raises:
        ValueError: for options out of range.

    Example:
        >>> import flambeau as torch
        >>> weight = torch.ones(2, requires_grad=True)
        >>> optimizer = torch.optim.AdamW([weight], lr=0.5, weight_decay=0.1)
        >>> weight.sum().backward()
        >>> optimizer.step()
        >>> weight
        tensor([0.4500, 0.4500], requires_grad=True)

    Source: Loshchilov and Hutter, 2019; torch.optim.AdamW
    """

    def __init__(self, params: ParamsT, lr: float | Tensor = 1e-3,
                 betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999), eps: float = 1e-8,
                 weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False,
                 foreach: bool | None = None, capturable: bool = False,
                 differentiable: bool = False, fused: bool | None = None) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused,
            decoupled_weight_decay=True)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # also where the state was saved by Adam
            group["decoupled_weight_decay"] = True
