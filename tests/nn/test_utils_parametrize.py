"""nn.utils: parametrizations, weight and spectral norm, functional calls, as in PyTorch."""

from __future__ import annotations

from both_libraries import both


def test_register_and_remove():
    both("""
    from copy import deepcopy
    parametrize = torch.nn.utils.parametrize
    class Square(nn.Module):
        def forward(self, x): return x * x
        def right_inverse(self, x): return x.abs().sqrt()
    class Wide(nn.Module):
        def forward(self, x): return torch.cat([x, x])
    torch.manual_seed(0)
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", Square())
    print(layer, list(layer.state_dict()), layer.weight, type(layer).__name__)
    layer(torch.ones(1, 2)).sum().backward()
    print(layer.parametrizations.weight.original.grad)
    layer.weight = torch.full((2, 2), 16.0)
    parametrize.register_parametrization(layer, "weight", Square())
    print(layer.weight, layer.parametrizations.weight.original)
    print(deepcopy(layer).weight, parametrize.is_parametrized(layer, "bias"))
    attempt(lambda: parametrize.register_parametrization(layer, "bias", Wide()))
    attempt(lambda: parametrize.register_parametrization(layer, "weight", Wide()))
    attempt(lambda: parametrize.register_parametrization(layer, "none", Wide()))
    attempt(lambda: parametrize.remove_parametrizations(layer, "bias"))
    with parametrize.cached():
        print(layer.weight is layer.weight)
    parametrize.remove_parametrizations(layer, "weight")
    print(layer, layer.weight, list(layer.state_dict()), type(layer).__name__)
    """)


def test_weight_norm():
    both("""
    torch.manual_seed(0)
    for dim in (0, 1, None):
        new = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3), dim=dim)
        print(new, new.state_dict())
        new(torch.ones(1, 2)).square().sum().backward()
        print(new.parametrizations.weight.original0.grad)
    old = nn.utils.weight_norm(nn.Conv1d(2, 3, 2))
    print(list(old.state_dict()), old.weight.detach(), old(torch.ones(1, 2, 4)).sum())
    attempt(lambda: nn.utils.weight_norm(old))
    nn.utils.remove_weight_norm(old)
    print(list(old.state_dict()), old.weight)
    attempt(lambda: nn.utils.remove_weight_norm(old))
    """)


def test_spectral_norm():
    both("""
    torch.set_printoptions(precision=3)
    torch.manual_seed(0)
    new = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 4))
    print(new, list(new.state_dict()), new.weight)
    transposed = nn.utils.parametrizations.spectral_norm(nn.ConvTranspose1d(2, 3, 2), dim=-1)
    print(transposed.weight)
    old = nn.utils.spectral_norm(nn.Linear(3, 4), n_power_iterations=2)
    print(list(old.state_dict()), old(torch.ones(3)), old.eval()(torch.ones(3)))
    print(old.weight_u, old.weight_v)
    nn.utils.remove_spectral_norm(old)
    print(list(old.state_dict()), old.weight)
    attempt(lambda: nn.utils.remove_spectral_norm(old))
    attempt(lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(3, 4), dim=5))
    torch.set_printoptions(profile="default")
    """)


def test_orthogonal():
    both("""
    torch.set_printoptions(precision=2, sci_mode=False)
    torch.manual_seed(0)
    for shape in ((3, 3), (2, 4), (4, 2)):
        for kind in ("matrix_exp", "cayley", "householder", None):
            for trivial in (True, False):
                layer = nn.utils.parametrizations.orthogonal(
                    nn.Linear(*shape), orthogonal_map=kind, use_trivialization=trivial)
                print(kind, trivial, list(layer.state_dict()))
                print((layer.weight * 10).round().int() + 0)
    attempt(lambda: nn.utils.parametrizations.orthogonal(nn.Linear(2, 2), "bias"))
    torch.set_printoptions(profile="default")
    """)


def test_functional_call_and_skip_init():
    both("""
    call = nn.utils.stateless.functional_call
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    given = {"0.weight": torch.eye(2), "0.bias": torch.zeros(2), "1.running_mean": torch.ones(2)}
    print(call(model, given, torch.tensor([[1.0, 2.0], [3.0, 5.0]])), given["1.running_mean"])
    print(call(model.eval(), {"0.other": torch.zeros(2), **given}, torch.ones(1, 2)))
    attempt(lambda: call(model, given, torch.ones(2, 2), strict=True))
    print(model[1].running_mean, nn.utils.skip_init(nn.Linear, 2, 3, bias=False))
    """)
