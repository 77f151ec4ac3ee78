"""nn.init: the numbers of PyTorch under the same seed, gains, fans, messages."""

from __future__ import annotations

import math

import pytest
from both_libraries import both

import flambeau as torch
from flambeau.nn import init


def test_gains():
    assert init.calculate_gain("relu") == math.sqrt(2.0)
    assert init.calculate_gain("tanh") == 5 / 3
    both("""
    for name in ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
                 "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        print(name, nn.init.calculate_gain(name))
    print(nn.init.calculate_gain("leaky_relu", 0.2), nn.init.calculate_gain("leaky_relu", 1))
    attempt(lambda: nn.init.calculate_gain("leaky_relu", True))
    attempt(lambda: nn.init.calculate_gain("leaky_relu", "a"))
    attempt(lambda: nn.init.calculate_gain("gelu"))
    """)


def test_fans():
    assert init._calculate_fan_in_and_fan_out(torch.empty(8, 3, 5, 5)) == (75, 200)
    assert init._calculate_fan_in_and_fan_out(torch.empty(2, 3)) == (3, 2)
    with pytest.raises(ValueError, match="can not be computed for tensor with fewer than 2"):
        init._calculate_fan_in_and_fan_out(torch.empty(3))


def test_constant_fills():
    assert init.eye_(torch.empty(2, 3)).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert init.dirac_(torch.empty(2, 1, 3), groups=2).tolist() == [
        [[0.0, 1.0, 0.0]],
        [[0.0, 1.0, 0.0]],
    ]
    both("""
    print(nn.init.ones_(torch.empty(2)), nn.init.zeros_(torch.empty(2)))
    print(nn.init.constant_(torch.empty(2), 0.3), nn.init.constant_(torch.empty(2).int(), 3))
    w = nn.Parameter(torch.empty(3, 2))
    print(nn.init.eye_(w) is w, w, w.is_leaf)
    for shape in ((4, 2, 3), (2, 3, 2, 3), (2, 2, 3, 1, 2)):
        print(nn.init.dirac_(torch.empty(shape)))
    attempt(lambda: nn.init.eye_(torch.empty(2)))
    attempt(lambda: nn.init.dirac_(torch.empty(2)))
    attempt(lambda: nn.init.dirac_(torch.empty(3, 1, 1), groups=2))
    """)


@pytest.mark.parametrize(
    "call",
    [
        "uniform_(w)",
        "uniform_(w, -2.0, 3.0)",
        "normal_(w)",
        "normal_(w, 1.0, 0.5)",
        "trunc_normal_(w)",
        "trunc_normal_(w, std=0.02)",
        "trunc_normal_(w, 0.0, 1.0, -0.1, 0.1)",
        "trunc_normal_(w, 5.0, 1.0, 0.0, 1.0)",
        "xavier_uniform_(w)",
        "xavier_uniform_(w, gain=2.0)",
        "xavier_normal_(w, gain=2.0)",
        "kaiming_uniform_(w, a=5 ** 0.5)",
        "kaiming_uniform_(w, mode='fan_out', nonlinearity='relu')",
        "kaiming_normal_(w)",
        "kaiming_normal_(w, mode='FAN_OUT', nonlinearity='tanh')",
    ],
)
def test_same_seed_same_numbers(call):
    both(f"""
    for shape in ((3, 5), (4, 3, 3, 3)):
        for generator in (None, torch.Generator().manual_seed(7)):
            torch.manual_seed(1)
            w = nn.Parameter(torch.empty(shape))
            result = nn.init.{call[:-1]}, generator=generator)
            print(result is w, [f"{{value:.6g}}" for value in w.detach().flatten().tolist()])
            print(torch.rand(1).item())
    """)


def test_orthogonal():
    for shape in ((3, 3), (2, 5), (5, 2), (4, 2, 2)):
        torch.manual_seed(3)
        w = init.orthogonal_(torch.empty(shape), gain=2.0).reshape(shape[0], -1)
        gram = w @ w.t() if w.shape[0] <= w.shape[1] else w.t() @ w
        assert torch.allclose(gram, 4 * torch.eye(gram.shape[0]), atol=1e-5)
    both("""
    for shape in ((3, 3), (2, 5), (5, 2), (4, 2, 2)):
        torch.manual_seed(3)
        w = nn.init.orthogonal_(torch.empty(shape))
        print([f"{value + 0.0:.4f}" for value in w.flatten().tolist()])
    print(nn.init.orthogonal_(torch.empty(0, 2)).shape)
    attempt(lambda: nn.init.orthogonal_(torch.empty(2)))
    """)


def test_sparse():
    both("""
    torch.manual_seed(2)
    w = nn.init.sparse_(torch.empty(6, 3), sparsity=0.4, std=0.1)
    print([f"{value:.6g}" for value in w.flatten().tolist()], (w == 0).sum().item())
    attempt(lambda: nn.init.sparse_(torch.empty(6), sparsity=0.4))
    """)


def test_messages():
    both("""
    attempt(lambda: nn.init.kaiming_uniform_(torch.empty(2, 2), mode="fan"))
    attempt(lambda: nn.init.kaiming_uniform_(torch.empty(2)))
    attempt(lambda: nn.init.xavier_normal_(torch.empty(2)))
    attempt(lambda: nn.init.kaiming_normal_(torch.empty(2, 2), nonlinearity="what"))
    attempt(lambda: nn.init.kaiming_normal_(torch.empty(0, 2)).shape)
    attempt(lambda: nn.init.kaiming_uniform_(torch.empty(0, 2)).shape)
    """)


def test_old_names_warn():
    printed = both("""
    w = torch.empty(2, 2)
    for name in ("uniform", "normal", "eye", "xavier_uniform", "xavier_normal",
                 "kaiming_uniform", "kaiming_normal", "orthogonal"):
        print(getattr(nn.init, name)(w) is w, getattr(nn.init, name).__name__)
    nn.init.constant(w, 3.0); nn.init.sparse(w, 0.5); nn.init.dirac(torch.empty(2, 2, 1))
    """)
    assert (
        "FutureWarning: `nn.init.uniform` is now deprecated in favor of `nn.init.uniform_`."
        in printed
    )


def test_nothing_is_recorded():
    w = torch.nn.Parameter(torch.empty(3, 3))
    for fill in (init.uniform_, init.normal_, init.xavier_normal_, init.orthogonal_, init.eye_):
        fill(w)
        assert w.is_leaf
        assert w.grad_fn is None
