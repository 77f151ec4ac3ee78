"""Run an optimizer on a small problem, with any module that has PyTorch's interface."""

from __future__ import annotations

from typing import Any

import numpy as np

SHAPES = ((4, 3), (5,), (), (2, 1, 3))


def starts(shapes: Any = SHAPES, dtype: str = "float64", seed: int = 0) -> list[Any]:
    """Initial parameters, one array per shape."""
    rng = np.random.default_rng(seed)
    made = []
    for shape in shapes:
        x = rng.standard_normal(shape)
        if dtype.startswith("complex"):
            x = x + 1j * rng.standard_normal(shape)
        made.append(np.asarray(x).astype(dtype))
    return made


def loss_of(params: Any) -> Any:
    """A smooth function with different curvature in every parameter."""
    total = 0
    for i, p in enumerate(params):
        distance = p - 0.3 * (i + 1)
        if p.is_complex():
            total = total + (distance * distance.conj()).real.sum() * (1.0 + i)
        else:
            total = total + (distance ** 2).sum() * (1.0 + i) + (p ** 4).sum() * 0.05
    return total


def trajectory(torch: Any, name: str, options: dict[str, Any], *, steps: int = 20,
               dtype: str = "float64", shapes: Any = SHAPES, groups: Any = None,
               seed: int = 0) -> tuple[list[list[Any]], Any]:
    """The parameters after each step.

    Args:
        torch: the module (flambeau or torch).
        name: of the optimizer.
        options: its arguments; a callable value is called with the module.
        groups: for each group, indices of its parameters and own options; default: one group.

    Returns:
        The arrays of all parameters after each step, and the optimizer.
    """
    params = [torch.tensor(x).requires_grad_() for x in starts(shapes, dtype, seed)]
    options = {k: v(torch) if callable(v) else v for k, v in options.items()}
    given = params if groups is None else [
        {"params": [params[i] for i in members], **own} for members, own in groups]
    optimizer = getattr(torch.optim, name)(given, **options)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = loss_of(params)
        loss.backward()
        return loss
    history = []
    for _ in range(steps):
        if name == "LBFGS":
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
        history.append([p.detach().numpy().copy() for p in params])
    return history, optimizer
