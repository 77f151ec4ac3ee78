"""Embeddings with sparse gradients, trained by SparseAdam and SGD, print what PyTorch prints."""

import pytest
from both_libraries import both

PROGRAM = """
torch.manual_seed(0)
table = torch.nn.Embedding(6, 3, sparse=True, padding_idx=1)
optimizer = torch.optim.SparseAdam(table.parameters(), lr=0.1)
x, w = torch.tensor([[0, 2], [2, 1], [5, 5]]), torch.randn(3, 2, 3)
for _ in range(3):
    optimizer.zero_grad()
    loss = ((table(x) * w) ** 2).sum()
    loss.backward()
    grad = table.weight.grad
    print(round(loss.item(), 4), grad.is_sparse, grad.layout, grad._nnz())
    print(grad.coalesce().indices(), grad.to_dense())
    optimizer.step()
    print(table.weight.data)
table = torch.nn.Embedding(6, 3, sparse=True)
optimizer = torch.optim.SGD(table.parameters(), lr=0.1)
table(x).sum().backward()
(table(torch.tensor([0])) * 2).sum().backward()
print(type(table(x).grad_fn).__name__, table.weight.grad.coalesce())
optimizer.step()
print(table.weight.data)
"""


@pytest.mark.torch
def test_sparse_gradients():
    pytest.importorskip("torch")
    both(PROGRAM)
