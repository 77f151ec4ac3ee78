"""vmap: the whole batch at once; against PyTorch, and templates against one example at a time."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from both_libraries import both
from samples import rows
from samples.define import build, call

import flambeau
from flambeau.graph import Node, pending
from flambeau.ops.batched import batched_of

START = """
    import importlib
    import warnings
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    func = importlib.import_module(torch.__name__ + ".func")
    F = nn.functional
    torch.manual_seed(0)
    a = torch.randn(4, 3, 5)

    def show(t):
        print(t.detach(), t.requires_grad)
"""


def test_operations():
    both(START + """
    def written(u):
        z = torch.zeros(3, 5) + u
        z[0] = 1
        z.mul_(2)
        return z
    for f in [lambda u: u.sort(-1).values.flip(0), lambda u: F.softmax(u, -1).log(),
              lambda u: F.layer_norm(u, (5,)), lambda u: torch.where(u > 0, u, torch.zeros(())),
              lambda u: torch.linalg.inv(u @ u.T + torch.eye(3)), written,
              lambda u: torch.cat([u, torch.ones(2, 5)]), lambda u: u.new_zeros(3) + u.sum(),
              lambda u: func.jvp(lambda z: z.sin(), (u,), (u,))[1]]:
        show(func.vmap(f)(a))
    show(func.vmap(lambda u: u.cumsum(0), in_dims=2, out_dims=1)(a))
    show(func.vmap(lambda u, w: u @ w, in_dims=(0, None))(a, torch.ones(5, 2)))
    show(func.vmap(lambda u, w: u @ w, in_dims=(None, 0))(torch.ones(2, 3), a))
    show(func.vmap(func.vmap(lambda u: torch.outer(u, u).diagonal().cumsum(0)))(a))
    show(func.vmap(lambda u, i: u[i])(a[0], torch.tensor([0, 2, 1])))
    show(func.vmap(lambda u: (u, torch.ones(2)))(a)[1])
    attempt(lambda: func.vmap(lambda u: u, out_dims=None)(a))
    """)


def test_derivatives():
    both(START + """
    show(func.vmap(func.jacrev(lambda u: u.sin() * u.sum()))(a[0]))
    show(func.vmap(func.hessian(lambda u: (u.exp() * u.sum()).prod()))(a[0] * 0.1))
    show(func.jacrev(func.vmap(lambda u: u.square().sum()))(a[0]))
    b = a.clone().requires_grad_()
    out = func.vmap(lambda u: (u @ u.T).trace())(b)
    show(out)
    out.sum().backward()
    show(b.grad)

    class Square(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x ** 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(inputs[0])

        @staticmethod
        def backward(ctx, g):
            return 2 * ctx.saved_tensors[0] * g
    show(func.vmap(func.grad(lambda u: Square.apply(u).sum()))(a))
    func.vmap(Square.apply)(b).sum().backward()
    show(b.grad)
    """)


def test_gradients_of_each_example():
    both(START + """
    m = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                      nn.Linear(36, 5))

    def loss(p, x, y):
        return F.cross_entropy(func.functional_call(m, p, (x[None],)), y[None])
    x, y = torch.randn(6, 1, 8, 8), torch.randint(5, (6,))
    plain = {k: v.detach() for k, v in m.named_parameters()}
    for slope in func.vmap(func.grad(loss), in_dims=(None, 0, 0))(plain, x, y).values():
        print(slope.shape, slope.sum((0,)).flatten()[:4], slope.requires_grad)
    func.vmap(lambda a, b: loss(dict(m.named_parameters()), a, b))(x, y).sum().backward()
    print(m[0].weight.grad.flatten()[:4])
    """)


def recorded(work: Any) -> int:
    before = len(pending.nodes)
    kept = work()
    count = len(pending.nodes) - before
    del kept
    return count


def test_records_as_much_for_any_batch():
    slopes = flambeau.vmap(flambeau.func.grad(lambda u: (u.sin() * u).sum()))
    flambeau.sync()
    few, many = (recorded(lambda n=n: slopes(flambeau.ones(n, 3))) for n in (2, 50))
    assert few == many < 60


def test_reading_values_calls_for_each_example():
    x = flambeau.tensor([1.0, -2.0, 3.0])
    found = flambeau.vmap(lambda u: u * 2 if u.item() > 0 else u * 0)(x)
    assert found.tolist() == [2, 0, 6]
    with flambeau.eager():
        assert flambeau.vmap(lambda u: u.exp().log() * 2)(x).round().tolist() == [2, -4, 6]


class Collected:
    """Stands for a level that follows nothing, and keeps the templates."""

    def __init__(self) -> None:
        self.templates: dict[int, Any] = {}

    def push(self, template: Any, inputs: Any, made: Any) -> None:
        self.templates[id(template)] = template

    def carries(self, node: Node) -> bool:
        return False

    def note(self, tensors: Any, inputs: Any) -> None:
        """Nothing to note."""

    read = nest = text = note


@pytest.fixture
def templates(monkeypatch: Any) -> list[Any]:
    """What some rows of the table of samples record, forward and backward."""
    seen = Collected()
    monkeypatch.setattr(pending, "forward", seen)
    warnings.simplefilter("ignore")
    for row in rows()[::7]:
        for index, case in enumerate(row.cases[:1]):
            try:
                args, kwargs, leaves = build(flambeau, row, index, case, row.dtypes[0],
                                             grad=row.grad)
                out = call(flambeau, row, args, kwargs)
                if leaves and isinstance(out, flambeau.Tensor) and out.requires_grad:
                    flambeau.autograd.grad(out, leaves, flambeau.ones_like(out),
                                           allow_unused=True)
            except (RuntimeError, TypeError, ValueError, AttributeError):
                continue
    return list(seen.templates.values())


def values_for(spec: Any, batch: tuple[int, ...], rng: np.random.Generator) -> Any:
    shape = (*batch, *spec.shape)
    if spec.dtype.category == 0:
        return rng.integers(0, 2, shape).astype(bool)
    if spec.dtype.category == 1:
        return np.zeros(shape, spec.dtype.numpy)
    return (rng.random(shape) * 0.8 + 0.1).astype(spec.dtype.numpy)


@pytest.mark.parametrize("chosen", ["all", "first", "others"])
def test_templates_one_by_one(templates: list[Any], chosen: str) -> None:
    rng, compared = np.random.default_rng(0), 0
    for template in templates:
        specs = template.input_specs
        tensors = [i for i, s in enumerate(specs) if not s.weak]
        picked = {"all": tensors, "first": tensors[:1], "others": tensors[1:]}[chosen]
        flags = tuple(i in picked for i in range(len(specs)))
        if not picked or any(i.prim.name == "refuse" for i in template.instrs):
            continue
        args = [values_for(s, (3,) * f, rng) for s, f in zip(specs, flags, strict=True)]
        with np.errstate(all="ignore"):
            try:
                singles = [template.run([a[b] if f else a
                                         for a, f in zip(args, flags, strict=True)])
                           for b in range(3)]
            except (RuntimeError, ValueError, np.linalg.LinAlgError):
                continue  # indices or matrices that do not fit these values
            whole, places = batched_of(template, flags, 3)
            found = whole.run(args)
        for k, (out, is_batched) in enumerate(zip(found, places, strict=True)):
            for b in range(3):
                single = singles[b][k] if isinstance(singles[b], (tuple, list)) else singles[b]
                np.testing.assert_allclose(
                    np.asarray(out[b] if is_batched else out, complex),
                    np.asarray(single, complex), rtol=1e-4, atol=1e-4, err_msg=template.name)
        compared += 1
    assert compared > 50
