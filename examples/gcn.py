"""A graph convolutional network: communities of a graph are found from one label in each.

The normalized adjacency is a sparse matrix, or with --dense an ordinary one.

    python examples/gcn.py [--epochs 100] [--dense]
"""

from __future__ import annotations

import argparse

from progress import Progress

import flambeau as torch
from flambeau import nn
from flambeau.nn import functional as F

COMMUNITIES, EACH = 4, 30


def graph() -> tuple[torch.Tensor, torch.Tensor]:
    """Edges (2, E) of a graph with many links inside communities and few between; labels."""
    labels = torch.arange(COMMUNITIES).repeat_interleave(EACH)
    same = labels[:, None] == labels[None]
    count = len(labels)
    linked = torch.rand(count, count) < torch.where(same, torch.tensor(0.2), torch.tensor(0.01))
    linked = linked.triu(1)
    return (linked | linked.t()).nonzero().t(), labels


def normalized(edges: torch.Tensor, count: int) -> torch.Tensor:
    """D^-1/2 (A + I) D^-1/2 as a sparse matrix."""
    own = torch.arange(count).repeat(2, 1)
    index = torch.cat([edges, own], 1)
    degree = torch.zeros(count).scatter_add_(0, index[0], torch.ones(index.shape[1]))
    values = degree[index[0]].rsqrt() * degree[index[1]].rsqrt()
    return torch.sparse_coo_tensor(index, values, (count, count)).coalesce()


class GraphConvolution(nn.Module):
    """A linear map of each node's features, averaged over its neighbours."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: torch.Tensor, adjacency: torch.Tensor) -> torch.Tensor:
        """(N, inputs) to (N, outputs)."""
        return torch.spmm(adjacency, torch.mm(x, self.weight)) + self.bias


class GCN(nn.Module):
    """Two graph convolutions with dropout between."""

    def __init__(self, inputs: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.gc1, self.gc2 = GraphConvolution(inputs, hidden), GraphConvolution(hidden, classes)

    def forward(self, x: torch.Tensor, adjacency: torch.Tensor) -> torch.Tensor:
        """Log-probabilities (N, classes)."""
        x = F.dropout(F.relu(self.gc1(x, adjacency)), 0.3, training=self.training)
        return F.log_softmax(self.gc2(x, adjacency), dim=1)


def main() -> None:
    """Train on one node of each community, report all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--dense", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    edges, labels = graph()
    count = len(labels)
    adjacency = normalized(edges, count)
    if args.dense:
        adjacency = adjacency.to_dense()
    known = torch.arange(0, count, EACH)
    model, x = GCN(count, 16, COMMUNITIES), torch.eye(count)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=5e-4)
    for epoch in Progress(range(args.epochs), args.epochs, "epochs"):
        model.train()
        optimizer.zero_grad()
        loss = F.nll_loss(model(x, adjacency)[known], labels[known])
        loss.backward()
        optimizer.step()
        if epoch % 10 == 0 or epoch == args.epochs - 1:
            model.eval()
            with torch.no_grad():
                right = (model(x, adjacency).argmax(1) == labels).float().mean()
            print(f"epoch {epoch:3d}: loss {loss.item():.4f}, accuracy {right.item():.3f}")


if __name__ == "__main__":
    main()
