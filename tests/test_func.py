"""`flambeau.func` against PyTorch: derivatives, batching, modules as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import flambeau
import flambeau.func

torch = pytest.importorskip("torch")
torch_func = pytest.importorskip("torch.func")

pytestmark = [  # PyTorch's own
    pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr:UserWarning")]


def plain(value: Any) -> Any:
    """The value with arrays for tensors."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(plain(part) for part in value)
    return value.detach().numpy() if hasattr(value, "detach") else value


def same(ours: Any, theirs: Any) -> None:
    """Assert that two trees agree in structure, shapes and values."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        same(list(ours.values()), list(theirs.values()))
    elif isinstance(theirs, (tuple, list)):
        assert type(ours) is type(theirs) and len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            same(one, other)
    else:
        assert np.shape(ours) == np.shape(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


X, Y = np.array([.5, -1., 2.]), np.arange(6.).reshape(2, 3) / 5


def tree(x: Any, y: Any) -> Any:
    """A function with a tree of outputs."""
    return {"a": (y @ x).sin(), "b": [x * x, (x * y).sum()]}


def poly(x: Any, y: Any) -> Any:
    """A scalar."""
    return (x ** 3).sum() * y.cos().sum()


DERIVATIVES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "grad": lambda f, x, y: f.grad(poly)(x, y),
    "grad of two": lambda f, x, y: f.grad(poly, argnums=(1, 0))(x, y),
    "grad of the last": lambda f, x, y: f.grad(poly, argnums=-1)(x, y),
    "grad of a tree": lambda f, x, y: f.grad(lambda p: poly(p["x"], p["y"][0]))(
        {"x": x, "y": [y]}),
    "grad with aux": lambda f, x, y: f.grad(lambda x: (x.sin().sum(), {"c": x + 1}),
                                            has_aux=True)(x),
    "grad and value": lambda f, x, y: f.grad_and_value(poly)(x, y),
    "grad and value with aux": lambda f, x, y: f.grad_and_value(
        lambda x: (x.sin().sum(), x + 1), has_aux=True)(x),
    "grad by keyword": lambda f, x, y: f.grad(poly)(x, y=y),
    "grad twice": lambda f, x, y: f.grad(lambda a: f.grad(lambda b: a * b * b * b)(a * 2))(x[0]),
    "grad unused": lambda f, x, y: f.grad(lambda x, y: y.sum())(x, y),
    "vjp": lambda f, x, y: f.vjp(tree, x, y)[1](tree(x, y)),
    "vjp of a tuple": lambda f, x, y: f.vjp(lambda x: (x, x * x), x)[1]((x, x)),
    "vjp with aux": lambda f, x, y: f.vjp(lambda x: (x * x, x), x, has_aux=True)[::2],
    "jvp": lambda f, x, y: f.jvp(tree, (x, y), (x + 1, y * 2)),
    "jvp with aux": lambda f, x, y: f.jvp(lambda x: (x.exp(), x), (x,), (x,), has_aux=True),
    "jvp of grad": lambda f, x, y: f.jvp(f.grad(lambda x: poly(x, y)), (x,), (x,)),
    "grad of jvp": lambda f, x, y: f.grad(lambda x: f.jvp(lambda t: t.exp(), (x,), (x * x,))[1]
                                          .sum())(x),
    "linearize": lambda f, x, y: f.linearize(lambda x: x.tanh(), x)[1](y[0]),
    "jacrev": lambda f, x, y: f.jacrev(tree, argnums=(0, 1))(x, y),
    "jacfwd": lambda f, x, y: f.jacfwd(tree, argnums=(0, 1))(x, y),
    "jacrev with aux": lambda f, x, y: f.jacrev(lambda x: (x * x, x), has_aux=True)(x),
    "jacfwd with aux": lambda f, x, y: f.jacfwd(lambda x: (x * x, x), has_aux=True)(x),
    "hessian": lambda f, x, y: f.hessian(poly)(x, y),
    "hessian of two": lambda f, x, y: f.hessian(poly, argnums=(0, 1))(x, y),
    "vmap": lambda f, x, y: f.vmap(lambda a, b: a * b.sin(), in_dims=(None, 0))(x, y),
    "vmap of a tree": lambda f, x, y: f.vmap(lambda p: {"s": p["a"].sum(), "d": p["a"] - p["b"]},
                                             in_dims=({"a": 1, "b": -1},),
                                             out_dims={"s": 0, "d": 1})({"a": y, "b": y * 2}),
    "vmap out": lambda f, x, y: f.vmap(lambda a: (a, a.sum()), out_dims=(-1, 0))(y),
    "vmap twice": lambda f, x, y: f.vmap(f.vmap(lambda a, b: a * b + 1), in_dims=(0, None))(y, x),
    "vmap in chunks": lambda f, x, y: f.vmap(lambda a: a.cumsum(0), chunk_size=2)(x[:, None] * x),
    "vmap of grad": lambda f, x, y: f.vmap(f.grad(lambda a, b: (a * b).sin().sum()),
                                           in_dims=(None, 0))(x, y),
    "grad of vmap": lambda f, x, y: f.grad(lambda t: f.vmap(lambda a: (a * a).sum())(t).prod())(y),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_as_pytorch(name: str) -> None:
    """The same calls give the same trees."""
    call = DERIVATIVES[name]
    ours = call(flambeau.func, flambeau.tensor(X), flambeau.tensor(Y))
    same(plain(ours), plain(call(torch_func, torch.tensor(X), torch.tensor(Y))))


ERRORS: dict[str, Callable[[Any, Any], Any]] = {
    "sizes": lambda f, x: f.vmap(lambda a, b: a)(x, x[:2]),
    "no inputs": lambda f, x: f.vmap(lambda: 1)(),
    "no tensors mapped": lambda f, x: f.vmap(lambda a: a, in_dims=None)(x),
    "all shared": lambda f, x: f.vmap(lambda a: a, in_dims=(None,))(x),
    "dimension": lambda f, x: f.vmap(abs, in_dims=2)(x),
    "not a tensor": lambda f, x: f.vmap(abs)(3),
    "returns": lambda f, x: f.vmap(lambda a: 1)(x),
    "chunks": lambda f, x: f.vmap(abs, chunk_size=0),
    "randomness": lambda f, x: f.vmap(abs, randomness="some"),
    "draws": lambda f, x: f.vmap(lambda a: a.clone().normal_())(x),
    "no scalar": lambda f, x: f.grad(lambda a: a)(x),
    "argnums": lambda f, x: f.grad(lambda a: a.sum(), argnums=1)(x),
    "aux": lambda f, x: f.grad(lambda a: a.sum(), has_aux=True)(x),
    "tuples": lambda f, x: f.jvp(abs, x, x),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_as_pytorch(name: str) -> None:
    """The same exceptions; the first words of their messages agree."""
    with pytest.raises(Exception) as theirs:
        ERRORS[name](torch_func, torch.tensor(X))
    with pytest.raises(type(theirs.value)) as ours:
        ERRORS[name](flambeau.func, flambeau.tensor(X))
    if name not in ("aux", "argnums", "no scalar", "draws"):
        assert str(ours.value)[:40] == str(theirs.value)[:40]


def test_what_is_outside_stays_on_the_tape() -> None:
    """A result requires grad exactly where it depends on something outside that does."""
    x = flambeau.tensor(X)
    w = flambeau.tensor(X, requires_grad=True)
    assert not flambeau.func.grad(lambda t: (t ** 3).sum())(x).requires_grad
    slope = flambeau.func.grad(lambda t: (t ** 2 * w).sum())(x)
    (found,) = flambeau.autograd.grad(slope.sum(), w)
    np.testing.assert_allclose(found.numpy(), 2 * X)
    with flambeau.no_grad():
        assert not flambeau.func.grad(lambda t: (t * w).sum())(x).requires_grad
    nested = flambeau.func.grad(lambda a: flambeau.func.grad(lambda b: a * b * b)(x[0]))(x[1])
    assert not nested.requires_grad


def test_randomness() -> None:
    """The same numbers for every slice, or others for each."""
    x = flambeau.zeros(4, 3)
    draw = lambda a: a + flambeau.rand(3)  # noqa: E731
    one = flambeau.vmap(draw, randomness="same")(x)
    assert bool((one == one[0]).all())
    assert not bool((flambeau.vmap(draw, randomness="different")(x)[0] == one[1]).all())


def test_an_ensemble_of_modules() -> None:
    """Stacked parameters under vmap give what the modules give one by one."""
    models = [flambeau.nn.Linear(3, 2) for _ in range(3)]
    parameters, buffers = flambeau.func.stack_module_state(models)
    x = flambeau.tensor(Y.astype(np.float32))

    def call(p: Any, b: Any) -> Any:
        return flambeau.func.functional_call(models[0], (p, b), (x,))
    found = flambeau.func.vmap(call)(parameters, buffers)
    for row, model in zip(found, models, strict=True):
        np.testing.assert_allclose(row.detach().numpy(), model(x).detach().numpy(), rtol=1e-5)
    assert all(p.is_leaf and p.requires_grad for p in parameters.values())
    with pytest.raises(ValueError, match="appeared in multiple dictionaries"):
        flambeau.func.functional_call(models[0], (parameters, parameters), (x,))
    with pytest.raises(RuntimeError, match="same class"):
        flambeau.func.stack_module_state([models[0], flambeau.nn.ReLU()])


def test_batch_norm_without_state() -> None:
    """It no longer keeps statistics, and normalises by the batch's own in both modes."""
    net = flambeau.nn.Sequential(flambeau.nn.BatchNorm1d(3))
    assert flambeau.func.replace_all_batch_norm_modules_(net) is net
    assert not list(net.buffers())
    x = flambeau.randn(8, 3)
    assert abs(net.eval()(x).mean().item()) < 1e-6


def test_a_function_of_the_users_own_under_grad() -> None:
    """`autograd.Function` works inside, and has the methods of its ctx as PyTorch's has."""
    class Cube(flambeau.autograd.Function):
        """x^3."""

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x ** 3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 3 * ctx.saved_tensors[0] ** 2 * g
    found = flambeau.func.grad(flambeau.func.grad(Cube.apply))(flambeau.tensor(2.))
    assert found.item() == 12.
    assert Cube.save_for_backward is not None and issubclass(
        Cube, flambeau.autograd.function.FunctionCtx)
