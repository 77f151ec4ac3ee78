"""autograd.functional: the same derivatives as PyTorch's."""

from __future__ import annotations

from both_libraries import both


def test_derivatives():
    both("""
    f = torch.autograd.functional
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([[3.0], [4.0]])
    def two(a, b): return a * b, (a ** 3).sum()
    def one(a): return (a ** 3).sum() * a[0]
    print(f.vjp(two, (x, y), (torch.ones(2, 2), torch.tensor(2.0))))
    print(f.jvp(two, (x, y), (torch.ones(2), torch.ones(2, 1))))
    print(f.jacobian(two, (x, y)), f.jacobian(torch.exp, x))
    print(f.hessian(one, x), f.hessian(lambda a, b: (a * a * b).sum(), (x, y)))
    print(f.hvp(one, x, torch.ones(2)), f.vhp(one, x, torch.ones(2)))
    attempt(lambda: f.vjp(two, (x, y)))
    attempt(lambda: f.jvp(one, x, torch.ones(3)))
    z = x.clone().requires_grad_()
    f.jacobian(lambda a: a ** 3, z, create_graph=True).sum().backward()
    print(z.grad)
    """)
