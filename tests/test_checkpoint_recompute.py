"""utils.checkpoint: the gradients of the plain call, the same random numbers, as in PyTorch."""

from __future__ import annotations

from both_libraries import both


def test_gradients():
    both("""
    import importlib
    module = importlib.import_module(torch.__name__ + ".utils.checkpoint")
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2), nn.Tanh())
    for reentrant in (True, False):
        x = torch.ones(2, 3, requires_grad=True)
        calls = []
        def run(value):
            calls.append(1)
            return model(value)
        torch.manual_seed(1)
        y = module.checkpoint(run, x, use_reentrant=reentrant)
        y.square().sum().backward()
        print(len(calls), y.detach(), x.grad, model[0].weight.grad, torch.rand(1))
        y = module.checkpoint_sequential(model.eval(), 2, x, use_reentrant=reentrant)
        y.sum().backward()
        print(y.detach(), x.grad, model[3].weight.grad)
        model.train().zero_grad()
    y = module.checkpoint(model, torch.ones(2, 3), use_reentrant=False)
    print(y.requires_grad)
    attempt(lambda: module.checkpoint(torch.sum, x, use_reentrant=True, dim=0))
    print(module.checkpoint(torch.sum, x, use_reentrant=False, dim=0).detach())
    """)


START = """
    import contextlib, importlib
    import warnings
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    module = importlib.import_module(torch.__name__ + ".utils.checkpoint")
    checkpoint = module.checkpoint
    torch.manual_seed(0)
    m = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 4), nn.GELU())
    x = torch.randn(5, 3, requires_grad=True)
    calls = []

    def run(value, scale=1.0):
        calls.append("begins")
        result = m(value) * scale
        calls.append("ends")
        return result
"""


def test_gradients_of_the_plain_call():
    both(START + """
    def gradients(call):
        torch.manual_seed(1)
        y = call()
        return torch.autograd.grad((y ** 2).sum(), [x, *m.parameters()])
    found = gradients(lambda: checkpoint(run, x, use_reentrant=False, scale=2.0))
    plain = gradients(lambda: m(x) * 2.0)
    print([bool(torch.allclose(a, b)) for a, b in zip(found, plain)], calls)
    m.eval()
    y = checkpoint(run, x, use_reentrant=False)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    print(len(calls), x.grad)
    slope, = torch.autograd.grad(checkpoint(run, x, use_reentrant=False).sum(), x,
                                 create_graph=True)
    print(torch.autograd.grad((slope ** 2).sum(), x))
    with torch.no_grad():
        print(checkpoint(run, x, use_reentrant=False).requires_grad)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = checkpoint(lambda v: m[0](v).relu(), x, use_reentrant=False)
    print(y.dtype, torch.autograd.grad(y.float().sum(), x)[0])
    recurrent = nn.LSTM(3, 2)
    y = checkpoint(lambda v: recurrent(v)[0], x, use_reentrant=False)
    print(torch.autograd.grad(y.sum(), x)[0])
    """)


def test_early_stop_nesting_and_contexts():
    both(START + """
    m.eval()
    checkpoint(run, x, use_reentrant=False, early_stop=False).sum().backward()
    print(calls)
    with module.set_checkpoint_early_stop(False):
        y = checkpoint(run, x, use_reentrant=False)
    calls.clear()
    y.sum().backward()
    print(calls)

    def inner(v):
        calls.append("inner")
        return m[0](v).tanh()

    def outer(v):
        calls.append("outer")
        return m[3](checkpoint(inner, v, use_reentrant=False).sin()).exp()
    x.grad = None
    calls.clear()
    checkpoint(outer, x, use_reentrant=False).sum().backward()
    print(calls, x.grad)

    @contextlib.contextmanager
    def spoken(name):
        print("enter", name)
        yield
        print("exit", name)
    y = checkpoint(m, x, use_reentrant=False, context_fn=lambda: (spoken("1"), spoken("2")))
    print("between")
    y.sum().backward()
    """)


def test_functions_that_change():
    both(START + """
    def changing(first, later, **options):
        functions = iter([first, later])
        y = checkpoint(lambda v: next(functions)(v), x, use_reentrant=False, **options)
        y.sum().backward()

    def shortly(call):
        try:
            call()
        except RuntimeError as error:
            print(type(error).__name__, str(error)[:110])
    shortly(lambda: changing(torch.sin, lambda v: v.sin().cos(), early_stop=False))
    shortly(lambda: changing(lambda v: v.sin().cos(), torch.sin))
    shortly(lambda: changing(torch.sin, lambda v: v[:2].sin()))
    attempt(lambda: checkpoint(run, x, use_reentrant=False, determinism_check="some"))
    attempt(lambda: checkpoint(run, x, use_reentrant=True, debug=True))
    """)
