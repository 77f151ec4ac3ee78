"""Tensors in coordinate layout: against their dense forms, and against PyTorch's printed text."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy
import pytest
from both_libraries import both

import flambeau
from flambeau import sparse

INDICES = [[0, 1, 1, 3, 3], [2, 0, 0, 1, 2]]  # one place occurs twice
VALUES = [3.0, 4.0, 5.0, -1.0, 2.0]
SHAPE = (4, 3)
DENSE = numpy.zeros(SHAPE, numpy.float32)
numpy.add.at(DENSE, tuple(INDICES), numpy.float32(VALUES))


def sample(**arguments: Any) -> Any:
    """A sparse matrix that is not coalesced."""
    return flambeau.sparse_coo_tensor(INDICES, VALUES, SHAPE, **arguments)


def factor(columns: int = 2) -> Any:
    """A dense matrix that fits behind the sample."""
    return flambeau.arange(3.0 * columns).view(3, columns) - 2


def equal(found: Any, expected: Any) -> None:
    """Compares a tensor of either layout with an array."""
    dense = found.to_dense() if found.is_sparse else found
    numpy.testing.assert_allclose(dense.detach().numpy(), expected, rtol=1e-6)


def test_parts() -> None:
    """Layout, dimensions, and what needs coalescing."""
    s = sample()
    assert s.is_sparse and s.layout is flambeau.sparse_coo and not s.is_coalesced()
    assert (s.sparse_dim(), s.dense_dim(), s._nnz(), s.shape, s.numel()) == (2, 0, 5, SHAPE, 12)
    with pytest.raises(RuntimeError, match="uncoalesced"):
        s.values()
    c = s.coalesce()
    assert c.is_coalesced() and c.coalesce() is c
    assert c.indices().tolist() == [[0, 1, 3, 3], [2, 0, 1, 2]]
    assert c.values().tolist() == [3, 9, -1, 2]
    equal(s, DENSE)
    equal(c, DENSE)


def test_printed_as_pytorch_prints() -> None:
    """Text recorded from PyTorch 2.13."""
    assert repr(sample().coalesce()) == """\
tensor(indices=tensor([[0, 1, 3, 3],
                       [2, 0, 1, 2]]),
       values=tensor([ 3.,  9., -1.,  2.]),
       size=(4, 3), nnz=4, layout=torch.sparse_coo)"""
    values = flambeau.ones(1, 2, dtype=flambeau.float64, requires_grad=True)
    assert repr(flambeau.sparse_coo_tensor([[1]], values)) == """\
tensor(indices=tensor([[1]]),
       values=tensor([[1., 1.]]),
       size=(2, 2), nnz=1, dtype=torch.float64, layout=torch.sparse_coo,
       grad_fn=<SparseCooTensorWithDimsAndTensorsBackward0>)"""


@pytest.mark.parametrize("product", [
    sparse.mm, flambeau.spmm, flambeau.mm, flambeau.matmul, lambda s, x: s @ x,
    lambda s, x: flambeau.addmm(flambeau.zeros(4, 2), s, x)])
def test_products_and_both_gradients(product: Any) -> None:
    """Each spelling gives the dense product, and gradients reach values and factor."""
    values = flambeau.tensor(VALUES, requires_grad=True)
    x = factor().requires_grad_()
    weight = flambeau.arange(8.0).view(4, 2)
    out = product(flambeau.sparse_coo_tensor(INDICES, values, SHAPE), x)
    equal(out, DENSE @ factor().numpy())
    (out * weight).sum().backward()
    numpy.testing.assert_allclose(x.grad.numpy(), DENSE.T @ weight.numpy())
    whole = weight.numpy() @ factor().numpy().T
    numpy.testing.assert_allclose(values.grad.numpy(), whole[tuple(INDICES)])


def test_other_products() -> None:
    """With vectors, from the right, of two sparse matrices, of batches, scaled and added."""
    s, x = sample(), factor()
    equal(s @ flambeau.ones(3), DENSE.sum(1))
    equal(flambeau.ones(2, 4) @ s, numpy.ones((2, 4)) @ DENSE)
    equal(sparse.mm(s, s.t()), DENSE @ DENSE.T)
    equal(sparse.sum(s, 1), DENSE.sum(1))
    equal(flambeau.bmm(s.unsqueeze(0), x.unsqueeze(0)), (DENSE @ x.numpy())[None])
    equal(sparse.addmm(flambeau.ones(4, 2), s, x, beta=0.5, alpha=2), 0.5 + 2 * DENSE @ x.numpy())
    with pytest.raises(RuntimeError, match="Expected dim 0 size 3, got 2"):
        s @ flambeau.ones(2, 2)
    with pytest.raises(RuntimeError, match="expected scalar type Double but found Float"):
        s.double() @ x


def test_second_derivatives() -> None:
    """The product is differentiable twice."""
    values = flambeau.tensor(VALUES, requires_grad=True, dtype=flambeau.float64)
    x = factor().double().requires_grad_()

    def function(v: Any, y: Any) -> Any:
        return sparse.mm(flambeau.sparse_coo_tensor(INDICES, v, SHAPE), y)
    assert flambeau.autograd.gradcheck(function, (values, x))
    assert flambeau.autograd.gradgradcheck(function, (values, x))


@pytest.mark.parametrize("function", [
    lambda s: 2 * s, lambda s: s * 3, lambda s: s / 2, lambda s: -s, lambda s: s + s,
    lambda s: s + s.coalesce(), lambda s: s - 2 * s.coalesce(), lambda s: s * s, abs,
    lambda s: s ** 2, flambeau.relu, flambeau.tanh, lambda s: s.t(), lambda s: s.transpose(0, 1),
    lambda s: s.sum(0), lambda s: s.sum(1), lambda s: s.sum(), lambda s: s.double(),
    lambda s: flambeau.cat([s, s]), lambda s: flambeau.cat([s, s], 1), lambda s: s.unsqueeze(1),
    lambda s: flambeau.ones(4, 3) + s, lambda s: flambeau.sub(flambeau.ones(4, 3), s, alpha=2),
    lambda s: s * flambeau.arange(12.0).view(4, 3)], ids=str)
def test_functions_agree_with_dense_ones(function: Any) -> None:
    """Values and gradients are those of the dense tensor."""
    results = []
    for dense in (False, True):
        values = flambeau.tensor(VALUES, requires_grad=True)
        s = flambeau.sparse_coo_tensor(INDICES, values, SHAPE)
        given = s.to_dense() if dense else s
        if dense:
            given.coalesce = lambda same=given: same
        whole = function(given).to_dense()
        (whole * flambeau.arange(whole.numel()).view(whole.shape)).sum().backward()
        results.append((whole.detach().numpy(), values.grad.numpy()))
    for found, expected in zip(*results, strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-5)


def test_softmax_over_the_entries() -> None:
    """Places without an entry count as minus infinity."""
    found = sparse.softmax(sample(), 1).to_dense().numpy()
    with numpy.errstate(divide="ignore", invalid="ignore"):
        power = numpy.where(DENSE != 0, numpy.exp(DENSE), 0)
        expected = numpy.nan_to_num(power / power.sum(1, keepdims=True))
    numpy.testing.assert_allclose(found, expected, rtol=1e-6)
    logs = sparse.log_softmax(sample(), 0).coalesce().values()
    column = [DENSE[i, j] - numpy.log(numpy.exp(DENSE[:, j][DENSE[:, j] != 0]).sum())
              for i, j in ((0, 2), (1, 0), (3, 1), (3, 2))]
    numpy.testing.assert_allclose(logs.numpy(), column, rtol=1e-5, atol=1e-6)


def test_from_and_to_dense() -> None:
    """Elements that are not 0 are kept, whole rows where rows are asked for."""
    dense = flambeau.tensor(DENSE, requires_grad=True)
    s = dense.to_sparse()
    assert s.is_coalesced() and s._nnz() == 4
    (s.to_dense() * 2).sum().backward()
    assert dense.grad.tolist() == (2 * (DENSE != 0)).tolist()
    rows = flambeau.tensor(DENSE).to_sparse(1)
    assert rows.indices().tolist() == [[0, 1, 3]] and rows.values().shape == (3, 3)
    equal(rows, DENSE)
    assert dense.to_dense() is dense and dense.sparse_dim() == 0
    masked = flambeau.arange(12.0).view(4, 3).sparse_mask(s)
    assert masked.coalesce().values().tolist() == [2, 3, 10, 11]


def test_a_leaf_has_a_sparse_gradient() -> None:
    """Each place has one gradient, in the layout of the tensor."""
    s = sample(requires_grad=True)
    assert s.requires_grad and s.is_leaf and s.grad is None
    sparse.mm(s, flambeau.ones(3, 1)).sum().backward()
    assert s.grad.is_sparse and s.grad._nnz() == 4
    equal(s.grad, (DENSE != 0).astype(numpy.float32))


def test_copies() -> None:
    """Copied and pickled tensors have the same entries."""
    for made in (copy.deepcopy(sample()), pickle.loads(pickle.dumps(sample())), sample().clone(),
                 sample().detach(), sample().cpu(), sample().float()):
        assert made.is_sparse and not made.is_coalesced()
        equal(made, DENSE)
    assert sample().double().dtype is flambeau.float64
    assert sample().type() == "torch.sparse.FloatTensor"


def test_wrong_parts_are_refused() -> None:
    """PyTorch's messages, also where it checks only on demand."""
    for indices, values, size, words in (
            (INDICES, VALUES[:2], SHAPE, "must have same nnz"),
            ([0, 1], [1.0, 2.0], (2,), "sparse_dim x nnz"),
            ([[0], [5]], [1.0], SHAPE, "for dim 1, size is 3 but found index 5"),
            ([[-1]], [1.0], (2,), "negative index -1 for dim 0"),
            (INDICES, VALUES, (4, 3, 2), "is not satisfied")):
        with pytest.raises(RuntimeError, match=words):
            flambeau.sparse_coo_tensor(indices, values, size)
    assert flambeau.sparse_coo_tensor(INDICES, VALUES).shape == SHAPE
    assert flambeau.sparse_coo_tensor(size=(2, 3))._nnz() == 0


def test_what_sparse_tensors_cannot_do_says_so() -> None:
    """The error names the operation and the way out; other layouts name the one there is."""
    s = sample()
    with pytest.raises(NotImplementedError, match=r"exp\(\) does not take .*to_dense\(\) first"):
        flambeau.exp(s)
    with pytest.raises(NotImplementedError, match=r"to_dense\(\) first"):
        s.view(12)
    with pytest.raises(TypeError, match="can't convert Sparse layout"):
        s.numpy()
    with pytest.raises(RuntimeError, match=r"Use add\(dense, sparse\) instead"):
        s + flambeau.ones(4, 3)
    for call in (s.to_dense().to_sparse_csr, flambeau.sparse_csr_tensor,
                 flambeau.sparse_csc_tensor, flambeau.sparse_bsr_tensor,
                 flambeau.sparse_bsc_tensor, flambeau.sparse_compressed_tensor):
        with pytest.raises(NotImplementedError, match="by coordinates only"):
            call()


def test_a_large_graph_stays_small() -> None:
    """A matrix of a million rows is never made dense."""
    count = 1_000_000
    index = flambeau.stack([flambeau.arange(count), flambeau.arange(count).flip(0)])
    s = flambeau.sparse_coo_tensor(index, flambeau.ones(count), (count, count))
    out = sparse.mm(s, flambeau.arange(float(count)).view(-1, 1))
    assert out[0].item() == count - 1


def test_a_function_saves_a_sparse_tensor() -> None:
    """As graph attention does: the product of a sparse matrix with its own derivative."""
    both("""
        import warnings
        warnings.simplefilter("ignore")  # PyTorch speaks of checks, once per process
        class Product(torch.autograd.Function):
            @staticmethod
            def forward(ctx, indices, values, shape, b):
                a = torch.sparse_coo_tensor(indices, values, shape)
                ctx.save_for_backward(a, b)
                ctx.rows = shape[0]
                return torch.matmul(a, b)
            @staticmethod
            def backward(ctx, grad):
                a, b = ctx.saved_tensors
                places = a._indices()[0, :] * ctx.rows + a._indices()[1, :]
                return None, grad.matmul(b.t()).view(-1)[places], None, a.t().matmul(grad)
        indices = torch.tensor([[0, 1, 2], [1, 0, 2]])
        values = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        b = torch.arange(6.0).view(3, 2).requires_grad_()
        y = Product.apply(indices, values, torch.Size([3, 3]), b)
        (y * y).sum().backward()
        print(y, values.grad, b.grad)
    """)
