"""Distributions beside PyTorch's: densities, moments, samples, gradients, divergences."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import flambeau

A, B = [0.7, 1.5, 4.2], [2.5, 0.6, 1.8]
P, Q = [0.2, 0.5, 0.9], [0.3, 0.6, 0.4]
ROWS3 = [[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]
COV = [[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]]
FACTOR, LOC = [[0.5], [0.2], [-0.3]], [0.1, -0.4, 0.6]
UNIT, REAL, POS = [0.1, 0.45, 0.8], [-1.2, 0.3, 2.0], [0.3, 1.1, 2.7]
ONE_HOT = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
COUNTS, BITS = [0.0, 1.0, 3.0], [0.0, 1.0, 1.0]

# name, arguments, a value to score; lists become float64 tensors.
TABLE: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = [
    ("Bernoulli", (P,), {}, BITS), ("Bernoulli", (), {"logits": REAL}, BITS),
    ("Beta", (A, B), {}, UNIT), ("Binomial", (4, P), {}, COUNTS),
    ("Categorical", (ROWS3,), {}, [0.0, 2.0]), ("Categorical", (), {"logits": ROWS3}, [1.0, 2.0]),
    ("Cauchy", (REAL, B), {}, UNIT), ("Chi2", (A,), {}, POS),
    ("ContinuousBernoulli", (P,), {}, UNIT), ("Dirichlet", (ROWS3,), {}, ROWS3),
    ("Exponential", (A,), {}, POS), ("FisherSnedecor", (A, B), {}, POS),
    ("Gamma", (A, B), {}, POS), ("GeneralizedPareto", (UNIT, B, [0.3, 0.0, -0.1]), {}, POS),
    ("Geometric", (P,), {}, COUNTS), ("Gumbel", (REAL, B), {}, UNIT),
    ("HalfCauchy", (B,), {}, POS), ("HalfNormal", (B,), {}, POS),
    ("InverseGamma", (A, B), {}, POS), ("Kumaraswamy", (A, B), {}, UNIT),
    ("Laplace", (REAL, B), {}, UNIT), ("LogNormal", (REAL, B), {}, POS),
    ("LogisticNormal", (REAL[:2], B[:2]), {}, ROWS3[0]),
    ("LowRankMultivariateNormal", (LOC, FACTOR, A), {}, REAL),
    ("Multinomial", (3, ROWS3), {}, [[1.0, 0.0, 2.0], [3.0, 0.0, 0.0]]),
    ("MultivariateNormal", (LOC, COV), {}, REAL),
    ("MultivariateNormal", (LOC,), {"precision_matrix": COV}, REAL),
    ("NegativeBinomial", (A, P), {}, COUNTS), ("Normal", (REAL, B), {}, UNIT),
    ("OneHotCategorical", (ROWS3,), {}, ONE_HOT),
    ("OneHotCategoricalStraightThrough", (ROWS3,), {}, ONE_HOT),
    ("Pareto", ([0.2, 0.3, 0.4], A), {}, [0.5, 1.1, 2.7]), ("Poisson", (A,), {}, COUNTS),
    ("RelaxedBernoulli", ([0.7], P), {}, UNIT),
    ("RelaxedOneHotCategorical", ([0.7], ROWS3), {}, ROWS3),
    ("StudentT", (A, REAL, B), {}, UNIT),
    ("Uniform", ([-1.0, 0.0, 0.2], [1.0, 0.9, 0.9]), {}, UNIT),
    ("VonMises", (REAL, B), {}, UNIT), ("Weibull", (A, B), {}, POS),
    ("Wishart", (4.5, COV), {}, COV),
    ("LKJCholesky", (3, A), {}, [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.6, 0.8]]),
]
by_row = pytest.mark.parametrize(
    "row", TABLE, ids=[f"{row[0]}{i}" for i, row in enumerate(TABLE)])


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


def made(lib: Any, value: Any, grad: bool = False) -> Any:
    if not isinstance(value, list):
        return value
    t = lib.tensor(value, dtype=lib.float64)
    return t.requires_grad_() if grad else t


def distribution(lib: Any, row: Any, grad: bool = False) -> tuple[Any, list[Any]]:
    name, args, kwargs, _ = row
    values = [made(lib, a, grad) for a in args]
    named = {k: made(lib, v, grad) for k, v in kwargs.items()}
    leaves = [v for v in [*values, *named.values()] if hasattr(v, "grad")]
    return getattr(lib.distributions, name)(*values, **named), leaves


def outcome(function: Any) -> Any:
    """The result as an array, or the type of the exception."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = function()
    except (NotImplementedError, AssertionError, ValueError, RuntimeError) as error:
        return type(error).__name__
    return np.array(result.detach().numpy(), copy=True) if hasattr(result, "detach") else result


def same(ours: Any, theirs: Any, what: str, tolerance: float = 1e-9) -> None:
    if theirs is None or (isinstance(theirs, str) and theirs == "RuntimeError"):
        return  # PyTorch fails on float64 here, or has no gradient
    if isinstance(theirs, np.ndarray):
        assert isinstance(ours, np.ndarray), f"{what}: {ours}"
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, what
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=what)
    else:
        assert ours == theirs, f"{what}: {ours}, PyTorch {theirs}"


QUERIES = {
    "log_prob": lambda d, v: d.log_prob(v), "cdf": lambda d, v: d.cdf(v),
    "icdf": lambda d, v: d.icdf(d.cdf(v)), "mean": lambda d, v: d.mean,
    "mode": lambda d, v: d.mode, "variance": lambda d, v: d.variance,
    "stddev": lambda d, v: d.stddev, "entropy": lambda d, v: d.entropy(),
    "enumerate_support": lambda d, v: d.enumerate_support(), "repr": lambda d, v: repr(d),
    "support": lambda d, v: repr(d.support),
    "batch_shape": lambda d, v: tuple(d.batch_shape),
    "event_shape": lambda d, v: tuple(d.event_shape),
    "has_rsample": lambda d, v: d.has_rsample,
    "expanded": lambda d, v: d.expand((2, *d.batch_shape)).log_prob(v),
}


@pytest.mark.torch
@by_row
def test_values(row: Any, torch: Any) -> None:
    for name, query in QUERIES.items():
        ours, theirs = (outcome(lambda lib=lib, q=query: q(
            distribution(lib, row)[0], made(lib, row[3]))) for lib in (flambeau, torch))
        loose = row[0] == "VonMises" and name in ("log_prob", "expanded", "variance", "stddev")
        same(ours, theirs, f"{row[0]}.{name}", 1e-6 if loose else 1e-9)


@pytest.mark.torch
@by_row
def test_samples_and_their_gradients(row: Any, torch: Any) -> None:
    if row[0] == "Wishart":
        pytest.skip("PyTorch takes regular samples for singular ones and draws again")
    results = []
    for lib in (flambeau, torch):
        d, leaves = distribution(lib, row, grad=True)
        lib.manual_seed(3)
        drawn = outcome(lambda d=d: d.sample((4,)))
        slopes: list[Any] = []
        if d.has_rsample:
            lib.manual_seed(5)
            sample = d.rsample((4,))
            weights = lib.linspace(0.5, 1.5, sample.numel(), dtype=lib.float64)
            slopes = lib.autograd.grad((sample.reshape(-1) * weights).sum(), leaves,
                                       allow_unused=True)
        results.append((drawn, [outcome(lambda s=s: s) for s in slopes]))
    (ours, our_slopes), (theirs, their_slopes) = results
    same(ours, theirs, f"{row[0]}.sample", 1e-6)
    for x, y in zip(our_slopes, their_slopes, strict=True):  # PyTorch's are good to three digits
        same(x, y, f"{row[0]}.rsample", 5e-3)


def test_wishart_samples_have_their_mean() -> None:
    flambeau.manual_seed(0)
    d = flambeau.distributions.Wishart(6.0, made(flambeau, COV))
    error = (d.sample((20000,)).mean(0) - d.mean).abs().max()
    assert error < 5 * (d.variance.max() / 20000).sqrt()


def test_gamma_gradients_by_differences() -> None:
    """A sample moves with the shape so that its cumulative probability stays."""
    for shape in (0.4, 3.0, 40.0):
        a = flambeau.full((50,), shape, dtype=flambeau.float64, requires_grad=True)
        x = flambeau.distributions.Gamma(a, 1.0).rsample()
        (slope,) = flambeau.autograd.grad(x.sum(), [a])
        h = 1e-5 * shape
        x, a = x.detach(), a.detach()
        density = flambeau.distributions.Gamma(a, 1.0).log_prob(x).exp()
        change = (flambeau.igamma(a + h, x) - flambeau.igamma(a - h, x)) / (2 * h)
        np.testing.assert_allclose(slope.numpy(), (-change / density).numpy(), rtol=1e-4)


@pytest.mark.torch
def test_divergences(torch: Any) -> None:
    checked = 0
    for row in TABLE:
        for other in TABLE:
            ours, theirs = (outcome(
                lambda lib=lib, row=row, other=other: lib.distributions.kl_divergence(
                    distribution(lib, row)[0], distribution(lib, other)[0]))
                for lib in (flambeau, torch))
            if isinstance(theirs, str) and theirs != "NotImplementedError":
                continue
            same(ours, theirs, f"kl {row[0]} {other[0]}", 1e-8)
            checked += isinstance(theirs, np.ndarray)
    assert checked > 80


TRANSFORMS: list[tuple[Any, Any]] = [
    (lambda t: t.ExpTransform(), REAL), (lambda t: t.SigmoidTransform(), REAL),
    (lambda t: t.TanhTransform(), REAL), (lambda t: t.SoftplusTransform(), REAL),
    (lambda t: t.PowerTransform(2.0), POS), (lambda t: t.AffineTransform(0.5, -2.0), REAL),
    (lambda t: t.StickBreakingTransform(), REAL), (lambda t: t.CorrCholeskyTransform(), REAL),
    (lambda t: t.ComposeTransform([t.AffineTransform(0.5, 2.0), t.ExpTransform()]), REAL),
    (lambda t: t.IndependentTransform(t.ExpTransform(), 1), REAL),
    (lambda t: t.ReshapeTransform((3,), (3, 1)), REAL), (lambda t: t.ExpTransform().inv, POS),
    (lambda t: t.CatTransform([t.ExpTransform(), t.TanhTransform()], 0, [1, 2]), REAL),
    (lambda t: t.StackTransform([t.ExpTransform(), t.TanhTransform(), t.AbsTransform()]), REAL),
    (lambda t: t.SoftmaxTransform(), REAL), (lambda t: t.LowerCholeskyTransform(), COV),
    (lambda t: t.PositiveDefiniteTransform(), COV)]


@pytest.mark.torch
@pytest.mark.parametrize("index", range(len(TRANSFORMS)))
def test_transforms(index: int, torch: Any) -> None:
    make, given = TRANSFORMS[index]
    results = []
    for lib in (flambeau, torch):
        t, x = make(lib.distributions.transforms), made(lib, given)
        y = t(x)
        results.append([repr(t), tuple(t.forward_shape(x.shape)), outcome(lambda y=y: y),
                        outcome(lambda t=t, y=y: t.inv(y)),
                        outcome(lambda t=t, x=x, y=y: t.log_abs_det_jacobian(x, y))])
    for ours, theirs in zip(*results, strict=True):
        same(ours, theirs, f"{results[1][0]}")


@pytest.mark.torch
@pytest.mark.parametrize("registry", ["biject_to", "transform_to"])
def test_registries(registry: str, torch: Any) -> None:
    shown = []
    for lib in (flambeau, torch):
        c = lib.distributions.constraints
        made_for = [c.real, c.positive, c.greater_than(2.0), c.less_than(1), c.interval(-1, 3),
                    c.unit_interval, c.simplex, c.corr_cholesky, c.lower_cholesky, c.boolean,
                    c.independent(c.positive, 1)]
        shown.append([outcome(lambda k=k, lib=lib: repr(getattr(lib.distributions, registry)(k)))
                      for k in made_for])
    assert shown[0] == shown[1]


@pytest.mark.torch
def test_refusals(torch: Any) -> None:
    """Parameters and values out of bounds: PyTorch's messages."""
    for call in (lambda d, t: d.Normal(0.0, -1.0), lambda d, t: d.Gamma(t([1.0, -2.0]), 1.0),
                 lambda d, t: d.Bernoulli(0.5, 0.1), lambda d, t: d.Bernoulli(t([1.5])),
                 lambda d, t: d.Beta(1.0, 2.0).log_prob(t([1.5])),
                 lambda d, t: d.Uniform(1.0, 0.0), lambda d, t: d.Normal(0.0, "1"),
                 lambda d, t: d.Categorical(t([0.5, 0.5])).log_prob(t([0.5])),
                 lambda d, t: d.MultivariateNormal(t([0.0]), t([[-1.0]])),
                 lambda d, t: d.Normal(0.0, 1.0).log_prob(3)):
        texts = []
        for lib in (flambeau, torch):
            with pytest.raises(ValueError) as caught:  # noqa: PT011 - the texts are compared
                call(lib.distributions, lib.tensor)
            texts.append(str(caught.value))
        assert texts[0] == texts[1]


def built_of_others(lib: Any) -> list[Any]:
    d, t = lib.distributions, lib.distributions.transforms
    normal = d.Normal(made(lib, REAL), made(lib, B))
    many = d.MultivariateNormal(made(lib, ROWS3), made(lib, COV))
    mixed = d.Categorical(made(lib, P)), d.Categorical(made(lib, UNIT[:2]))
    return [(d.Independent(normal, 1), REAL), (d.MixtureSameFamily(mixed[0], normal), 0.4),
            (d.MixtureSameFamily(mixed[1], many), REAL),
            (d.TransformedDistribution(normal, [t.AffineTransform(1.0, -2.0), t.ExpTransform()]),
             POS),
            (d.TransformedDistribution(d.Independent(normal, 1), t.StickBreakingTransform()),
             [0.1, 0.2, 0.3, 0.4])]


@pytest.mark.torch
@pytest.mark.parametrize("index", range(5))
def test_distributions_of_distributions(index: int, torch: Any) -> None:
    for name, query in QUERIES.items():
        results = []
        for lib in (flambeau, torch):
            d, value = built_of_others(lib)[index]
            v = lib.tensor(value, dtype=lib.float64)
            results.append(outcome(lambda d=d, v=v, query=query: query(d, v)))
        same(*results, f"{index} {name}")
    drawn = []
    for lib in (flambeau, torch):
        lib.manual_seed(2)
        drawn.append(outcome(lambda lib=lib: built_of_others(lib)[index][0].sample((3,))))
    same(*drawn, f"{index} sample", 1e-6)


@pytest.mark.torch
def test_user_subclasses_and_registrations(torch: Any) -> None:
    for lib in (flambeau, torch):
        d = lib.distributions

        class Shifted(d.Normal):  # type: ignore[misc, name-defined]
            def __init__(self, loc: Any) -> None:
                super().__init__(loc, 1.0)

        with pytest.raises(NotImplementedError, match="must also define a custom .expand"):
            Shifted(0.0).expand((2,))

        @d.register_kl(Shifted, Shifted)
        def _(p: Any, q: Any) -> Any:
            return p.loc * 0 + 7

        assert d.kl_divergence(Shifted(0.0), Shifted(1.0)).item() == 7
        assert d.kl_divergence(Shifted(0.0), d.Normal(1.0, 1.0)).item() == 0.5
