"""A neural ODE: a network is the speed of a point; its spiral is learned through a solver.

Backward does not keep the solver's steps: an autograd `Function` solves the adjoint equation
backwards in time.

    python examples/neural_ode.py [--steps 60]
"""

from __future__ import annotations

import argparse

from progress import Progress

import flambeau as torch
from flambeau import nn


def rk4(speed: object, y: torch.Tensor, step: float) -> torch.Tensor:
    """One step of the classical Runge-Kutta method."""
    k1 = speed(y)
    k2 = speed(y + step / 2 * k1)
    k3 = speed(y + step / 2 * k2)
    k4 = speed(y + step * k3)
    return y + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


class Solve(torch.autograd.Function):
    """The state after a time; its gradient by the adjoint method."""

    @staticmethod
    def forward(ctx: object, y: torch.Tensor, step: float, count: int, speed: nn.Module,
                *parameters: torch.Tensor) -> torch.Tensor:
        """Step `count` times."""
        ctx.speed, ctx.step, ctx.count = speed, step, count
        with torch.no_grad():
            for _ in range(count):
                y = rk4(speed, y, step)
        ctx.save_for_backward(y.clone())
        return y

    @staticmethod
    def backward(ctx: object, grad: torch.Tensor) -> tuple:
        """Walk back: the state by the solver with a negative step, the adjoint beside it."""
        y, = ctx.saved_tensors
        parameters = list(ctx.speed.parameters())
        sums = [torch.zeros_like(p) for p in parameters]
        for _ in range(ctx.count):
            with torch.no_grad():
                y = rk4(ctx.speed, y, -ctx.step)
            with torch.enable_grad():
                start = y.detach().requires_grad_(True)
                end = rk4(ctx.speed, start, ctx.step)
            grad, *parts = torch.autograd.grad(end, [start, *parameters], grad)
            sums = [s + p for s, p in zip(sums, parts, strict=True)]
        return (grad, None, None, None, *sums)


class Speed(nn.Module):
    """Two linear layers of the cubed state."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
        for layer in self.net:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, mean=0, std=0.1)
                nn.init.constant_(layer.bias, val=0)

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        """(N, 2) to (N, 2)."""
        return self.net(y ** 3)


def spiral(count: int, step: float) -> torch.Tensor:
    """The path (count, 2) of y' = A y^3 from (2, 0)."""
    a = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
    path = [torch.tensor([[2.0, 0.0]])]
    for _ in range(count - 1):
        path.append(rk4(lambda y: (y ** 3) @ a, path[-1], step))
    return torch.cat(path)


def main() -> None:
    """Learn to go five steps from random places of the path."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    step, ahead = 0.05, 5
    path, speed = spiral(200, step), Speed()
    optimizer = torch.optim.RMSprop(speed.parameters(), lr=1e-2)
    for number in Progress(range(args.steps), args.steps, "steps"):
        start = torch.randint(0, len(path) - ahead, (32,))
        optimizer.zero_grad()
        end = Solve.apply(path[start], step, ahead, speed, *speed.parameters())
        loss = (end - path[start + ahead]).abs().mean()
        loss.backward()
        optimizer.step()
        if number % 10 == 0 or number == args.steps - 1:
            print(f"step {number:4d}: loss {loss.item():.5f}")
    with torch.no_grad():
        found = path[:1]
        for _ in range(100):
            found = rk4(speed, found, step)
    print(f"after 100 steps: {[round(v, 2) for v in found[0].tolist()]}, the path is at "
          f"{[round(v, 2) for v in path[100].tolist()]}")


if __name__ == "__main__":
    main()
