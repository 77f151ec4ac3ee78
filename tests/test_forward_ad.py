"""autograd.forward_ad: tangents through operations, views, writes, backward passes; as PyTorch."""

from __future__ import annotations

import numpy as np
from both_libraries import both

import flambeau
from flambeau.autograd import forward_ad

START = """
import importlib
import warnings
warnings.filterwarnings("ignore", category=DeprecationWarning)
fw = importlib.import_module(torch.__name__ + ".autograd.forward_ad")
F = nn.functional
torch.manual_seed(0)
x, v = torch.randn(3, 4), torch.randn(3, 4)

def tangent(t):
    found = fw.unpack_dual(t).tangent
    return None if found is None else found.detach()
"""


def test_operations():
    both(START + """
with fw.dual_level():
    d = fw.make_dual(x, v)
    for f in [lambda z: z.exp(), lambda z: z @ z.t(), lambda z: z[1:, ::2],
              lambda z: z.t().reshape(2, 6), lambda z: F.softmax(z, 1),
              lambda z: F.layer_norm(z, (4,)), lambda z: z.sum(), lambda z: torch.cat([z, x]),
              lambda z: z.max(1).values, lambda z: z.sort(1).values, lambda z: z.argmax(),
              lambda z: torch.stack(z.unbind(0)).cumsum(0), lambda z: F.gelu(z) * 3 + 1,
              lambda z: z.clone().mul_(2), lambda z: torch.linalg.norm(z),
              lambda z: F.conv1d(z.view(1, 3, 4), torch.ones(2, 3, 2)),
              lambda z: z.to(torch.float64), lambda z: torch.complex(z, z).abs(),
              lambda z: z.split(2)[0]]:
        out = f(d)
        print(tangent(out), out.requires_grad)
    with torch.no_grad():
        print(tangent((d * d).sum()))
    print(d, fw.unpack_dual(d))
    y = torch.zeros(3, 4)
    y[1] = d[0]
    print(tangent(y))
    y = d.clone()
    y[0].mul_(3)
    print(tangent(y))
    y[1] = 0
    print(tangent(y))
print(fw.unpack_dual(d))
""")


def test_modules():
    both(START + """
model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU())
conv = nn.Conv2d(1, 2, 2)
weight = conv.weight
del conv.weight
with fw.dual_level():
    print(tangent(model(fw.make_dual(x, v))))
    conv.weight = fw.make_dual(weight, torch.ones_like(weight))
    print(tangent(F.max_pool2d(conv(x.view(1, 1, 3, 4)), 2)))
""")


def test_both_modes():
    both(START + """
with fw.dual_level():
    p = x.clone().requires_grad_()
    dual = fw.make_dual(p, v)
    print(tangent(torch.autograd.grad((dual ** 3).sum(), p)[0]))
    print(tangent(torch.autograd.grad((dual ** 3).sin().sum(), dual)[0]))
    fw.unpack_dual((dual ** 3).sum()).tangent.backward()
    print(p.grad)
    w = torch.randn(4, 2, requires_grad=True)
    fw.unpack_dual((fw.make_dual(x, v) @ w).tanh()).tangent.sum().backward()
print(w.grad)
""")


def test_functions():
    both(START + """
class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        r = x.exp() * k
        ctx.save_for_backward(r)
        ctx.save_for_forward(r)
        return r

    @staticmethod
    def backward(ctx, g):
        r, = ctx.saved_tensors
        return g * r, None

    @staticmethod
    def jvp(ctx, t, k):
        r, = ctx.saved_tensors
        return t * r

class Bare(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.exp()

@fw.dual_level()
def square(a):
    return fw.unpack_dual(fw.make_dual(a, a) ** 2).tangent

with fw.dual_level():
    d = fw.make_dual(x, v)
    print(tangent(Exp.apply(d, 2.0)), Exp.apply(x, 2.0))
    attempt(lambda: Bare.apply(d))
print(square(x))
""")


def test_errors():
    both(START + """
attempt(lambda: fw.make_dual(x, x))
attempt(lambda: fw.exit_dual_level())
print(fw.unpack_dual(x).tangent)
with fw.dual_level() as level:
    print(level)
    attempt(lambda: fw.make_dual(x, torch.ones(3)))
    attempt(lambda: fw.make_dual(x.long(), x))
    attempt(lambda: fw.make_dual(x, x.long()))
    attempt(fw.enter_dual_level)
    attempt(lambda: fw.exit_dual_level(level=3))
    d = fw.make_dual(x, v)
    attempt(lambda: fw.make_dual(d, x))
""")


def test_against_func_jvp():
    def f(a: flambeau.Tensor) -> flambeau.Tensor:
        return (a.sin() @ a.t()).softmax(0)
    flambeau.manual_seed(1)
    x, v = flambeau.randn(3, 2, dtype=flambeau.float64), flambeau.randn(3, 2).double()
    with forward_ad.dual_level():
        found = forward_ad.unpack_dual(f(forward_ad.make_dual(x, v))).tangent
    _, expected = flambeau.func.jvp(f, (x,), (v,))
    step = 1e-6
    differences = (f(x + step * v) - f(x - step * v)) / (2 * step)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12)
    np.testing.assert_allclose(found.numpy(), differences.numpy(), rtol=1e-7, atol=1e-9)
