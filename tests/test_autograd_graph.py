"""autograd.graph: hooks on what is saved and on several gradients, gradient edges; as PyTorch."""

from __future__ import annotations

from both_libraries import both


def test_saved_tensors_hooks():
    both("""
    G = torch.autograd.graph
    a = torch.ones(2, requires_grad=True)

    def pack(t):
        print("pack", t)
        return t

    def unpack(t):
        print("unpack", t)
        return t

    with G.saved_tensors_hooks(pack, unpack):
        y = (a * a).exp()
    y.sum().backward()
    with G.saved_tensors_hooks(lambda t: t * 2, lambda t: t):
        y = a * a
    y.sum().backward()
    print(a.grad)
    a.grad = None
    with G.saved_tensors_hooks(lambda t: t.detach().numpy().copy(), torch.from_numpy):
        y = (a * a * a).sigmoid()
    g, = torch.autograd.grad(y.sum(), a, create_graph=True)
    g.sum().backward()
    print(g.detach(), a.grad)

    def wrong():
        with G.saved_tensors_hooks(lambda t: 1, lambda t: 2):
            y = a * a
        y.sum().backward()

    def refused():
        with G.disable_saved_tensors_hooks("not here"):
            with G.saved_tensors_hooks(lambda t: 1, lambda t: 2):
                pass
    attempt(wrong)
    attempt(refused)
    with G.save_on_cpu():
        y = (a ** 3).sum()
    y.backward()
    print(a.grad)
    """)


def test_saved_by_functions():
    both("""
    G = torch.autograd.graph

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return g * y * x

    a = torch.ones(2, requires_grad=True)
    b = a * 3
    with G.saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: print("unpack") or t):
        y = Product.apply(b)
    g, = torch.autograd.grad(y.sum(), a, create_graph=True)
    print(g.detach(), torch.autograd.grad(g.sum(), a))
    """)


def test_mutation():
    both("""
    G = torch.autograd.graph
    with G.allow_mutation_on_saved_tensors():
        b = torch.ones(2, requires_grad=True)
        s = b.clone()
        y = s.sin().exp()
        s.sin_()
        y.sum().backward()
    print(b.grad)
    x = torch.ones(2)
    G.increment_version(x)
    G.increment_version([x, x])
    print(x._version)
    """)


def test_edges():
    both("""
    G = torch.autograd.graph
    a = torch.ones(2, requires_grad=True)
    b = a * 2
    c = b * 3
    edge = G.get_gradient_edge(b)
    print(type(G.get_gradient_edge(a).node).__name__, edge.output_nr, edge.node is b.grad_fn)
    print(isinstance(c.grad_fn, G.Node), isinstance(a, G.Node))
    print(torch.autograd.grad(c.sum(), [edge, a, G.get_gradient_edge(a)]))
    attempt(lambda: G.get_gradient_edge(torch.ones(2)))
    """)


def test_multi_grad_hook():
    both("""
    G = torch.autograd.graph
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    c, d = a * b, a * b
    handle = G.register_multi_grad_hook(
        (a, b, c, d), lambda grads: print([g is not None for g in grads]))
    c.sum().backward(retain_graph=True)
    c.sum().backward(inputs=(a,), retain_graph=True)
    c.sum().backward(inputs=(b,), retain_graph=True)
    (c + d).sum().backward(retain_graph=True)
    handle.remove()
    c.sum().backward(retain_graph=True)
    with G.register_multi_grad_hook((a, b, c, d), print, mode="any"):
        (c + d * 2).sum().backward()
    attempt(lambda: G.register_multi_grad_hook([a], print, mode="some"))
    """)
