"""An actor-critic that learns to balance a pole on a cart; the physics is a dozen lines.

    python examples/actor_critic.py [--episodes 200]
"""

from __future__ import annotations

import argparse
import math

from progress import Progress

import flambeau as torch
from flambeau import nn
from flambeau.nn import functional as F


class CartPole:
    """A cart of 1 kg, a pole of 0.1 kg and 1 m, a push of 10 N to the left or right."""

    def reset(self) -> list[float]:
        """Place, speed, angle and its speed, near 0."""
        self.state = (torch.rand(4) * 0.1 - 0.05).tolist()
        return self.state

    def step(self, action: int) -> tuple[list[float], float, bool]:
        """The state 0.02 s later, the reward, and whether the pole fell or the cart left."""
        x, speed, angle, turn = self.state
        force = 10.0 if action else -10.0
        sin, cos = math.sin(angle), math.cos(angle)
        push = (force + 0.05 * turn ** 2 * sin) / 1.1
        bend = (9.8 * sin - cos * push) / (0.5 * (4 / 3 - 0.1 * cos ** 2 / 1.1))
        pull = push - 0.05 * bend * cos / 1.1
        self.state = [x + 0.02 * speed, speed + 0.02 * pull, angle + 0.02 * turn,
                      turn + 0.02 * bend]
        over = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.2095
        return self.state, 1.0, over


class Policy(nn.Module):
    """One hidden layer; a head for the two actions and one for the state's value."""

    def __init__(self) -> None:
        super().__init__()
        self.affine = nn.Linear(4, 64)
        self.action_head, self.value_head = nn.Linear(64, 2), nn.Linear(64, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probabilities of the actions, and the value."""
        x = F.relu(self.affine(x))
        return F.log_softmax(self.action_head(x), dim=-1), self.value_head(x)


def returns(rewards: list[float], discount: float = 0.99) -> torch.Tensor:
    """Discounted sums of the rewards to come, normalized."""
    total, made = 0.0, []
    for reward in reversed(rewards):
        total = reward + discount * total
        made.insert(0, total)
    values = torch.tensor(made)
    return (values - values.mean()) / (values.std() + 1e-8)


def main() -> None:
    """Play and learn, report a running mean of the length."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=543)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    world, policy = CartPole(), Policy()
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
    running = 10.0
    for episode in Progress(range(args.episodes), args.episodes, "episodes"):
        state, chosen, rewards = world.reset(), [], []
        for _ in range(500):
            log_p, value = policy(torch.tensor(state))
            action = torch.multinomial(log_p.exp(), 1).item()
            chosen.append((log_p[action], value))
            state, reward, over = world.step(action)
            rewards.append(reward)
            if over:
                break
        policy_losses, value_losses = [], []
        for (log_p, value), goal in zip(chosen, returns(rewards), strict=True):
            policy_losses.append(-log_p * (goal - value.item()))
            value_losses.append(F.smooth_l1_loss(value, goal.unsqueeze(0)))
        optimizer.zero_grad()
        loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
        loss.backward()
        optimizer.step()
        running = 0.05 * len(rewards) + 0.95 * running
        if episode % 10 == 0 or episode == args.episodes - 1:
            print(f"episode {episode:4d}: {len(rewards):3d} steps, running mean {running:.2f}, "
                  f"loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
