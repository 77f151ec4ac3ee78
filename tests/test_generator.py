"""The random numbers: stored digits of PyTorch, and PyTorch itself where it is installed."""

from __future__ import annotations

import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from flambeau import generator as rng
from flambeau.generator import Generator
from flambeau.generator.arithmetic import fma_double, fma_single

SIZES = (0, 1, 2, 15, 16, 17, 31, 32, 33, 1000, 100003)
FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")


def numpy_type(name: Any) -> np.dtype[Any]:
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def weights(count: int, dtype: Any, seed: int = 0) -> np.ndarray:
    """Positive parameters that both sides can hold exactly."""
    return np.random.RandomState(seed).rand(count).astype(numpy_type(dtype))


# --- stored digits: name -> (seed, sampler, checksum of all bytes, the last three values) ------

Sampler = Callable[[Generator], np.ndarray]
GOLDEN: dict[str, tuple[int, Sampler, int, list[float]]] = {
    "uniform": (0, lambda g: rng.uniform(g, (5,)),
        1328454259, [0.08847743272781372, 0.13203048706054688, 0.30742281675338745]),
    "uniform, many": (42, lambda g: rng.uniform(g, (1003,)),
        3819975136, [0.7293999791145325, 0.2728842496871948, 0.24067020416259766]),
    "uniform, double": (1, lambda g: rng.uniform(g, (33,), np.float64),
        3923322178, [0.41432122853542175, 0.428407512499853, 0.7577616747798342]),
    "uniform in a range": (1, lambda g: rng.uniform(g, (1003,), low=-0.3, high=0.71),
        1672245071, [0.09940075129270554, -0.18290497362613678, -0.1067950427532196]),
    "uniform, half": (3, lambda g: rng.uniform(g, (33,), np.float16),
        3095400024, [0.260986328125, 0.80517578125, 0.139404296875]),
    "normal, few": (0, lambda g: rng.normal(g, (15,)),
        3874830326, [-0.8566746115684509, 1.1006041765213013, -1.0711873769760132]),
    "normal, 16": (0, lambda g: rng.normal(g, (16,)),
        2298586490, [1.237657904624939, 1.1167771816253662, -0.2472781538963318]),
    "normal, 17": (0, lambda g: rng.normal(g, (17,)),
        2694473487, [0.946298360824585, -0.843676745891571, 0.9318265914916992]),
    "normal, many": (1234, lambda g: rng.normal(g, (100003,)),
        1830364895, [-0.7698737382888794, -1.6311557292938232, 1.8145391941070557]),
    "normal, scaled": (7, lambda g: rng.normal(g, (1003,), mean=0.3, std=1.7),
        1504204362, [0.48387351632118225, 2.8863930702209473, 0.2888946533203125]),
    "normal, double": (7, lambda g: rng.normal(g, (33,), np.float64),
        3026815210, [-1.5290464222497286, 0.7319577984300885, -0.4155986456482291]),
    "normal, half": (7, lambda g: rng.normal(g, (33,), np.float16),
        154118434, [-0.250244140625, 0.5009765625, 0.260009765625]),
    "normal, complex": (7, lambda g: rng.normal(g, (33,), np.complex64).view(np.float32),
        1773781399, [0.4186282455921173, -0.5343277454376221, 0.2770058810710907]),
    "randint": (0, lambda g: rng.random_from_to(g, 0, 10, (1000,)),
        2097697032, [4, 7, 0]),
    "randint, wide": (5, lambda g: rng.random_from_to(g, -(2**40), 2**40, (33,)),
        2390389048, [-646489636909, -465209745134, 488953573621]),
    "random, bytes": (5, lambda g: rng.random_unbounded(g, (33,), np.uint8),
        1652343509, [212, 86, 125]),
    "randperm": (0, lambda g: rng.randperm(g, 10),
        1883426623, [8, 6, 2]),
    "randperm, many": (9, lambda g: rng.randperm(g, 60000),
        1335670217, [22421, 58290, 44397]),
    "bernoulli": (0, lambda g: rng.bernoulli(g, 0.3, (1000,)),
        383463504, [0.0, 1.0, 0.0]),
    "bernoulli of array": (0, lambda g: rng.bernoulli(g, np.full(100, 0.5, np.float32), (100,)),
        23955998, [0.0, 1.0, 1.0]),
    "exponential": (0, lambda g: rng.exponential(g, (100,)),
        3623088392, [0.19877244532108307, 1.106175422668457, 0.9580177664756775]),
    "cauchy": (0, lambda g: rng.cauchy(g, (100,)),
        607294290, [-1.5728672742843628, 0.5879188776016235, 0.3827136158943176]),
    "log_normal": (0, lambda g: rng.log_normal(g, (100,)),
        2496105128, [8.46426010131836, 0.7073675394058228, 0.24194017052650452]),
    "geometric": (0, lambda g: rng.geometric(g, 0.2, (100,)),
        4260665430, [8.0, 2.0, 3.0]),
    "poisson": (0, lambda g: rng.poisson(g, np.linspace(0, 40, 41)),
        1076888753, [27.0, 30.0, 49.0]),
    "gamma": (0, lambda g: rng.standard_gamma(g, np.linspace(0.5, 4, 8)),
        2375406873, [4.8153910839036955, 1.9118889634669451, 2.345404021115434]),
    "binomial": (0, lambda g: rng.binomial(g, np.full(11, 50.0), np.linspace(0, 1, 11)),
        870117021, [39.0, 44.0, 50.0]),
    "multinomial": (0, lambda g: rng.multinomial(g, np.arange(100, dtype=np.float32), 20),
        603405788, [80, 75, 52]),
    "multinomial, replaced": (0,
        lambda g: rng.multinomial(g, np.ones(9), 50, replacement=True),
        2125145542, [0, 8, 7]),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_stored_digits(name: str) -> None:
    seed, sampler, checksum, last = GOLDEN[name]
    values = sampler(Generator().manual_seed(seed))
    assert values.ravel()[-3:].tolist() == last
    assert zlib.crc32(values.tobytes()) == checksum


def test_default_seed_and_state_layout() -> None:
    generator = Generator()
    assert generator.initial_seed() == 67280421310721
    state = generator.get_state()
    assert state.shape == (5056,) and state.dtype == np.uint8
    assert state[8:24].view(np.int32).tolist() == [1, 1, 0, 0]
    rng.normal(generator, (3,))
    state = generator.get_state()
    assert state[8:24].view(np.int32).tolist() == [617, 1, 8, 0]
    assert state[5040] == 1
    assert state[5024:5032].view(np.float64)[0] == generator.next_double_normal_sample


def test_state_round_trip() -> None:
    generator = Generator().manual_seed(3)
    for size in (0, 1, 3, 620, 624, 5):
        rng.normal(generator, (size,))
        twin = generator.clone_state()
        assert (twin.get_state() == generator.get_state()).all()
        assert (rng.normal(twin, (33,)) == rng.normal(generator, (33,))).all()
        assert (rng.normal(twin, (1,)) == rng.normal(generator, (1,))).all()


def test_seeds() -> None:
    generator = Generator()
    assert generator.manual_seed(-1).initial_seed() == 2**64 - 1
    assert generator.seed() == generator.initial_seed()
    for seed in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="Overflow when unpacking long long"):
            generator.manual_seed(seed)
    with pytest.raises(RuntimeError, match="manual_seed expected a long, but got float"):
        generator.manual_seed(1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        (3, TypeError, "expected a torch.ByteTensor, but got int"),
        (np.zeros(5056), TypeError, "RNG state must be a torch.ByteTensor"),
        (np.zeros(10, np.uint8), RuntimeError, "found the input RNG state size to be 10"),
        (np.zeros(5056, np.uint8), RuntimeError, "Invalid mt19937 state"),
    ],
)
def test_wrong_states(state: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Generator().set_state(state)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda g: rng.uniform(g, (2,), low=2.5, high=1), RuntimeError, "from=2.5 > to=1"),
        (lambda g: rng.uniform(g, (2,), np.int64), NotImplementedError, "for 'Long'"),
        (lambda g: rng.normal(g, (2,), std=-1.5), RuntimeError, "std >= 0.0, but found std -1.5"),
        (lambda g: rng.random_from_to(g, 5, 3, (2,)), RuntimeError, "from=5 >= to=3"),
        (lambda g: rng.random_from_to(g, 0, 300, (2,), "uint8"), RuntimeError,
         "to - 1 is out of bounds for unsigned char"),
        (lambda g: rng.random_unbounded(g, (2,), "uint16"), NotImplementedError, "for 'UInt16'"),
        (lambda g: rng.bernoulli(g, 1.5, (2,)), RuntimeError, r"in \[0, 1\], but got p=1.5"),
        (lambda g: rng.geometric(g, 1.0, (2,)), RuntimeError, r"in \(0, 1\), but got p=1"),
        (lambda g: rng.poisson(g, -np.ones(2)), RuntimeError, "invalid Poisson rate"),
        (lambda g: rng.multinomial(g, np.ones(2), 3), RuntimeError, "without replacement"),
        (lambda g: rng.multinomial(g, np.zeros(2), 1), RuntimeError, "sum of probabilities <= 0"),
        (lambda g: rng.exponential(g, (2,), np.int64), RuntimeError, "you specified Long"),
        (lambda g: rng.randperm(g, -1), RuntimeError, r"negative dimension -1: \[-1\]"),
    ],
)  # fmt: skip
def test_wrong_arguments(call: Sampler, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(Generator())


def test_importing_leaves_numpy_random_alone() -> None:
    code = "import sys, flambeau.generator; sys.exit('numpy.random' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("single", [True, False])
def test_fused_multiply_add_rounds_once(single: bool) -> None:
    dtype = np.float32 if single else np.float64
    draw = np.random.RandomState(1)
    a, b, c = (draw.randn(3, 3000) * 2.0 ** draw.randint(-30, 30, (3, 3000))).astype(dtype)
    # Few significant bits against a far smaller term: sums close to halfway cases.
    a[:1000], b[:1000] = draw.randint(1, 4096, 1000), draw.randint(1, 8192, 1000)
    a[:1000] *= a[:1000] if single else 2.0**30 + 1
    c[:1000] *= np.array(2.0**-60, dtype)
    for x, y, z in zip(a, b, c, strict=True):
        exact = Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
        ours = fma_single(x[None], y, z) if single else fma_double(x[None], float(y), float(z))
        assert abs(Fraction(float(ours[0])) - exact) == min(
            abs(Fraction(float(near)) - exact)
            for near in (ours[0], *(np.nextafter(ours[0], dtype(s)) for s in (-np.inf, np.inf)))
        )


# --- against PyTorch: name -> (types, ours, theirs) --------------------------------------------


def tensor(torch: Any, array: np.ndarray) -> Any:
    kind = getattr(torch, array.dtype.name)
    return torch.from_numpy(np.ascontiguousarray(array.astype(np.float64))).to(kind)


def filled(method: str, *arguments: Any) -> Callable[..., Any]:
    """An in-place sampler of PyTorch, applied to an empty tensor."""

    def sample(torch: Any, g: Any, n: int, kind: str) -> Any:
        empty = torch.empty(n, dtype=getattr(torch, kind))
        return getattr(empty, method)(*arguments, generator=g)

    return sample


def created(function: str) -> Callable[..., Any]:
    def sample(torch: Any, g: Any, n: int, kind: str) -> Any:
        return getattr(torch, function)(n, dtype=getattr(torch, kind), generator=g)

    return sample


def rrelu_slopes(torch: Any, g: Any, n: int, kind: str) -> Any:
    values = tensor(torch, weights(n, kind) - weights(n, kind, 1))
    slopes = torch.empty_like(values)
    torch.ops.aten.rrelu_with_noise(values, slopes, 0.125, 1 / 3, True, generator=g)
    return slopes


PAIRS: dict[str, tuple[tuple[str, ...], Callable[..., Any], Callable[..., Any]]] = {
    "rand": ((*FLOATS, "complex64", "complex128"),
             lambda g, n, d: rng.uniform(g, (n,), d), created("rand")),
    "randn": ((*FLOATS, "complex64", "complex128"),
              lambda g, n, d: rng.normal(g, (n,), d), created("randn")),
    "uniform": (FLOATS, lambda g, n, d: rng.uniform(g, (n,), d, -0.3, 0.71),
                filled("uniform_", -0.3, 0.71)),
    "normal": (FLOATS, lambda g, n, d: rng.normal(g, (n,), d, 0.3, 1.7),
               filled("normal_", 0.3, 1.7)),
    "strided normal": (FLOATS, lambda g, n, d: rng.normal(g, (n,), d, 0.1, 2, contiguous=n < 2),
                       lambda torch, g, n, d: torch.empty(n, 2, dtype=getattr(torch, d))[:, 0]
                       .normal_(0.1, 2, generator=g)),
    "normal of tensors": (FLOATS, lambda g, n, d: rng.normal_like(g, weights(n, d), weights(n, d)),
                          lambda torch, g, n, d: torch.normal(
                              tensor(torch, weights(n, d)), tensor(torch, weights(n, d)),
                              generator=g)),
    "normal of mean": (FLOATS, lambda g, n, d: rng.normal_like(g, weights(n, d), 0.7),
                       lambda torch, g, n, d: torch.normal(
                           tensor(torch, weights(n, d)), 0.7, generator=g)),
    "normal of std": (FLOATS, lambda g, n, d: rng.normal_like(g, 0.7, weights(n, d)),
                      lambda torch, g, n, d: torch.normal(
                          0.7, tensor(torch, weights(n, d)), generator=g)),
    "exponential": (FLOATS, lambda g, n, d: rng.exponential(g, (n,), d, 1.3),
                    filled("exponential_", 1.3)),
    "cauchy": (FLOATS, lambda g, n, d: rng.cauchy(g, (n,), d, 0.3, 1.7),
               filled("cauchy_", 0.3, 1.7)),
    "log_normal": (FLOATS, lambda g, n, d: rng.log_normal(g, (n,), d, 0.3, 1.7),
                   filled("log_normal_", 0.3, 1.7)),
    "geometric": ((*FLOATS, *INTEGERS), lambda g, n, d: rng.geometric(g, 0.2, (n,), d),
                  filled("geometric_", 0.2)),
    "bernoulli": ((*FLOATS, *INTEGERS, "bool"), lambda g, n, d: rng.bernoulli(g, 0.3, (n,), d),
                  filled("bernoulli_", 0.3)),
    "bernoulli of tensor": (FLOATS, lambda g, n, d: rng.bernoulli(g, weights(n, d), (n,), d),
                            lambda torch, g, n, d: torch.bernoulli(
                                tensor(torch, weights(n, d)), generator=g)),
    "random": ((*FLOATS, *INTEGERS, "bool"), lambda g, n, d: rng.random_unbounded(g, (n,), d),
               filled("random_")),
    "random below": ((*FLOATS, *INTEGERS, "uint16", "uint32", "uint64"),
                     lambda g, n, d: rng.random_from_to(g, 3, 100, (n,), d),
                     filled("random_", 3, 100)),
    "random above": ((*FLOATS, *INTEGERS, "bool", "uint16", "uint32"),
                     lambda g, n, d: rng.random_from_to(g, 1, None, (n,), d),
                     filled("random_", 1, None)),
    "wide random": (("int64", "uint64", "float64", "float32"),
                    lambda g, n, d: rng.random_from_to(g, 7, 2**62 + 12345, (n,), d),
                    filled("random_", 7, 2**62 + 12345)),
    "even random": (("int64", "int32", "uint32"),
                    lambda g, n, d: rng.random_from_to(g, 2**28, 2**29, (n,), d),
                    filled("random_", 2**28, 2**29)),
    "full random": (("int64", "float32", "float64", "bfloat16"),
                    lambda g, n, d: rng.random_from_to(g, -(2**63), None, (n,), d),
                    filled("random_", -(2**63), None)),
    "randperm": (("int64", "float32"), lambda g, n, d: rng.randperm(g, n, d), created("randperm")),
    "poisson": (FLOATS, lambda g, n, d: rng.poisson(g, weights(n, d) * numpy_type(d).type(30)),
                lambda torch, g, n, d: torch.poisson(
                    tensor(torch, weights(n, d) * numpy_type(d).type(30)), generator=g)),
    "gamma": (("float32", "float64"),
              lambda g, n, d: rng.standard_gamma(g, weights(n, d) * numpy_type(d).type(3)),
              lambda torch, g, n, d: torch._standard_gamma(
                  tensor(torch, weights(n, d) * numpy_type(d).type(3)), generator=g)),
    "binomial": (("float32", "float64"),
                 lambda g, n, d: rng.binomial(g, np.floor(99 * weights(n, d)), weights(n, d, 1)),
                 lambda torch, g, n, d: torch.binomial(
                     tensor(torch, np.floor(99 * weights(n, d))), tensor(torch, weights(n, d, 1)),
                     generator=g)),
    "dirichlet": (("float32", "float64"),
                  lambda g, n, d: rng.dirichlet(g, weights(3 * n, d).reshape(3, n)),
                  lambda torch, g, n, d: torch._sample_dirichlet(
                      tensor(torch, weights(3 * n, d).reshape(3, n)), generator=g)),
    "multinomial": (("float32", "float64"),
                    lambda g, n, d: rng.multinomial(g, 1 + weights(2 * n + 6, d).reshape(2, -1), 3),
                    lambda torch, g, n, d: torch.multinomial(
                        tensor(torch, 1 + weights(2 * n + 6, d).reshape(2, -1)), 3, generator=g)),
    "multinomial of one": (FLOATS, lambda g, n, d: rng.multinomial(g, weights(n + 1, d), 1),
                           lambda torch, g, n, d: torch.multinomial(
                               tensor(torch, weights(n + 1, d)), 1, generator=g)),
    "multinomial with replacement": (
        FLOATS, lambda g, n, d: rng.multinomial(g, weights(n + 1, d), 40, replacement=True),
        lambda torch, g, n, d: torch.multinomial(
            tensor(torch, weights(n + 1, d)), 40, True, generator=g)),
    "rrelu": (("float32", "float64", "bfloat16"),
              lambda g, n, d: rng.rrelu_noise(g, weights(n, d) - weights(n, d, 1), 0.125, 1 / 3),
              rrelu_slopes),
}  # fmt: skip


def same_bits(ours: np.ndarray, theirs: Any, torch: Any) -> bool:
    theirs = theirs.contiguous()
    if theirs.dtype is torch.bfloat16:
        theirs, ours = theirs.view(torch.int16), ours.view(np.int16)
    other = theirs.numpy()
    return bool(ours.dtype == other.dtype and ours.shape == other.shape
                and ours.tobytes() == other.tobytes())  # fmt: skip


def step(name: str, kind: str, size: int, generator: Generator, torch: Any, other: Any) -> None:
    """Makes one call on both sides and compares the numbers and the state left behind."""
    _, ours, theirs = PAIRS[name]
    expected = theirs(torch, other, size, kind)
    assert same_bits(ours(generator, size, numpy_type(kind)), expected, torch), (name, kind, size)
    assert (generator.get_state() == other.get_state().numpy()).all(), (name, kind, size)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:.*Due to precision limitations")
@pytest.mark.parametrize("name", PAIRS)
def test_every_size_and_type_equals_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    for kind in PAIRS[name][0]:
        for size in SIZES:
            # Slow samplers run element by element: one large type is enough.
            if size > 1000 and kind not in ("float32", "int64"):
                continue
            seed = 1000 + size
            generator, other = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
            step("randn", "float32", 3, generator, torch, other)
            step(name, kind, size, generator, torch, other)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:.*Due to precision limitations")
@pytest.mark.parametrize("seed", range(6))
def test_interleaved_calls_equal_pytorch(seed: int) -> None:
    torch = pytest.importorskip("torch")
    choose = random.Random(seed)
    generator, other = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    for _ in range(150):
        name = choose.choice(list(PAIRS))
        size = choose.choice((0, 1, 2, 3, 7, 15, 16, 17, 31, 33, 100, 601))
        step(name, choose.choice(PAIRS[name][0]), size, generator, torch, other)


@pytest.mark.torch
def test_states_travel_to_and_from_pytorch() -> None:
    torch = pytest.importorskip("torch")
    other = torch.Generator().manual_seed(-5)
    for size in (0, 1, 3, 618, 624):
        torch.rand(size, generator=other)
        torch.randn(1, generator=other)
        generator = Generator()
        generator.set_state(other.get_state().numpy())
        assert (generator.get_state() == other.get_state().numpy()).all()
        other.set_state(torch.from_numpy(generator.get_state()))
        step("randn", "float32", 5, generator, torch, other)
        step("rand", "float32", 5, generator, torch, other)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "shape", "feature"),
    [("dropout", (50,), False), ("dropout2d", (3, 4, 5, 2), True),
     ("alpha_dropout", (7, 9), False), ("feature_alpha_dropout", (3, 4, 5, 2), True)],
)  # fmt: skip
def test_dropout_consumes_the_generator_as_pytorch(
    name: str, shape: tuple[int, ...], feature: bool
) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(4)
    dropped = getattr(torch.nn.functional, name)(torch.ones(shape), 0.3, True)
    kept = (dropped == dropped.max()).numpy()
    generator = Generator().manual_seed(4)
    mask = rng.dropout_mask(generator, shape, np.bool_, 0.3, feature=feature)
    assert (np.broadcast_to(mask, shape) == kept).all()
    assert (generator.get_state() == torch.get_rng_state().numpy()).all()
