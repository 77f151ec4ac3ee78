"""nn.Module: registration, traversal, state, conversion, hooks, messages."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import pytest
from both_libraries import both

import flambeau as torch
from flambeau import nn

NET = """
    class Scale(nn.Module):
        def __init__(self, size=2, factor=1.0):
            super().__init__()
            self.size = size
            self.weight = nn.Parameter(torch.full((size,), factor))
            self.register_buffer("count", torch.zeros(()))
            self.register_buffer("cache", torch.ones(1), persistent=False)
        def forward(self, x, gain=1.0):
            return x * self.weight * gain
        def extra_repr(self):
            return f"size={self.size}"

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = Scale(2, 2.0)
            self.inner = nn.Sequential(Scale(2, 3.0), nn.Sequential(Scale(2, 4.0)))
            self.shared = self.first
            self.register_parameter("bias", None)
            self.register_module("nothing", None)
        def forward(self, x):
            return self.inner(self.first(x))
    net = Net()
"""


def with_net(program: str) -> str:
    return both(NET + program)


class Doubler(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((2,), 2.0))

    def forward(self, x):
        return x * self.weight


def test_walks_the_tree_in_pytorchs_order():
    assert with_net("""
    print(net)
    print([name for name, _ in net.named_parameters()])
    print([name for name, _ in net.named_parameters(prefix="net", remove_duplicate=False)])
    print([name for name, _ in net.named_parameters(recurse=False)])
    print([name for name, _ in net.named_buffers()], len(list(net.buffers())))
    print([name for name, _ in net.named_modules()])
    print([name for name, _ in net.named_modules(prefix="a", remove_duplicate=False)])
    print([name for name, _ in net.named_modules(memo={net.inner})])
    print([name for name, _ in net.named_children()], len(list(net.children())))
    print(len(list(net.modules())), len(list(net.modules(remove_duplicate=False))))
    print(type(net.parameters()).__name__, type(net.modules()).__name__)
    print(list(net.parameters())[0])
    """).startswith("Net(\n  (first): Scale(size=2)\n  (inner): Sequential(\n    (0): Scale(")


def test_dotted_names_are_found_and_set():
    with_net("""
    print(net.get_submodule("inner.1.0"), net.get_submodule("") is net)
    print(net.get_parameter("inner.0.weight"), net.get_buffer("first.count"))
    attempt(lambda: net.get_submodule("inner.7"))
    attempt(lambda: net.get_submodule("first.weight"))
    attempt(lambda: net.get_parameter("first.count"))
    attempt(lambda: net.get_parameter("first.none"))
    attempt(lambda: net.get_buffer("first.weight"))
    attempt(lambda: net.get_buffer("first.none"))
    net.set_submodule("inner.0", Scale(5))
    net.set_submodule("new", Scale(6))
    attempt(lambda: net.set_submodule("inner.9", Scale(), strict=True))
    attempt(lambda: net.set_submodule("", Scale()))
    attempt(lambda: net.set_submodule("first.weight", Scale()))
    attempt(lambda: net.set_submodule("first", 3))
    attempt(lambda: net.set_submodule("no.where", Scale()))
    print(net)
    """)


def test_messages_of_registration():
    with_net("""
    class Early(nn.Module):
        def __init__(self, what):
            self.what = what
    P = nn.Parameter(torch.zeros(1))
    attempt(lambda: Early(P))
    attempt(lambda: Early(Scale()))
    attempt(lambda: Early(nn.Buffer(torch.zeros(1))))
    attempt(lambda: Early(1).what)
    attempt(lambda: Early(1)(1))
    m = nn.Module()
    m.x = 1
    for name in (1, "a.b", "", "x"):
        attempt(lambda: m.register_buffer(name, torch.zeros(1)))
        attempt(lambda: m.register_parameter(name, P))
        attempt(lambda: m.add_module(name, Scale()))
    attempt(lambda: m.register_buffer("b", 3))
    attempt(lambda: m.register_buffer("b", "text"))
    attempt(lambda: m.register_parameter("p", torch.zeros(1)))
    attempt(lambda: m.register_parameter("p", [1]))
    attempt(lambda: m.register_parameter("p", torch.ones(1, requires_grad=True) * 2))
    attempt(lambda: m.add_module("m", 3))
    attempt(lambda: setattr(net.first, "weight", torch.zeros(1)))
    attempt(lambda: setattr(net.first, "weight", 3))
    attempt(lambda: setattr(net, "first", 3))
    attempt(lambda: setattr(net.first, "count", "text"))
    attempt(lambda: nn.Module(1))
    attempt(lambda: nn.Module(x=1))
    attempt(lambda: nn.Module()(1))
    attempt(lambda: net.nowhere)
    attempt(lambda: delattr(net, "nowhere"))
    attempt(lambda: net.train(1))
    """)


def test_assignment_moves_names_between_kinds():
    with_net("""
    def show(m):
        print(list(m._parameters), list(m._buffers), list(m._modules), "v" in m.__dict__,
              sorted(m._non_persistent_buffers_set))
    m = nn.Module()
    m.v = 1; show(m)
    m.v = nn.Parameter(torch.zeros(1)); show(m)
    m.v = None; show(m)
    del m.v; show(m)
    m.register_buffer("v", torch.zeros(1), persistent=False); show(m)
    m.v = torch.ones(1); show(m)
    m.v = nn.Parameter(torch.zeros(1)); show(m)
    del m.v
    m.v = nn.Buffer(torch.ones(1), persistent=False); show(m)
    del m.v; show(m)
    m.v = Scale(); show(m)
    m.v = None; show(m)
    print(m.v)
    m.v = Scale()
    m.v = nn.Parameter(torch.zeros(1)); show(m)
    m.weight = net.first
    print([name for name in dir(net.first) if name in ("weight", "count", "forward", "size")])
    print([name for name in dir(net.inner) if name[0].isdigit()])
    """)


def test_attribute_error_inside_a_property_keeps_its_message():
    class Model(nn.Module):
        @property
        def broken(self):
            return self.weights

    with pytest.raises(AttributeError, match="'Model' object has no attribute 'weights'"):
        _ = Model().broken
    assert not hasattr(Model(), "broken")


def test_training_mode_and_gradients():
    with_net("""
    print(net.eval() is net, [m.training for m in net.modules()])
    print(net.inner.train() is net.inner, [m.training for m in net.modules()])
    net.requires_grad_(False); print([p.requires_grad for p in net.parameters()])
    net.requires_grad_(); print([p.requires_grad for p in net.parameters()])
    net(torch.ones(2)).sum().backward()
    print([p.grad.tolist() for p in net.parameters()])
    net.zero_grad(set_to_none=False); print([p.grad.tolist() for p in net.parameters()])
    net.zero_grad(); print([p.grad for p in net.parameters()])
    seen = []
    print(net.apply(lambda m: seen.append(type(m).__name__)) is net, seen)
    """)


def test_conversions_keep_parameters_identity():
    with_net("""
    before = list(net.parameters())
    net(torch.ones(2)).sum().backward()
    net.register_buffer("index", torch.zeros(2, dtype=torch.int64))
    for convert in (net.double, net.half, net.float, net.bfloat16, net.cpu, net.share_memory):
        print(convert() is net, net.first.weight.dtype, net.first.weight.grad.dtype,
              net.first.count.dtype, net.index.dtype)
    net.to(torch.float64); print(net.first.weight.dtype, net.index.dtype)
    net.to("cpu", torch.float32); print(net.first.weight.dtype)
    net.to(torch.zeros(1, dtype=torch.float64)); print(net.first.weight.dtype)
    net.to(device="cpu", dtype=torch.float32, non_blocking=True); print(net.first.weight.dtype)
    net.type("torch.DoubleTensor"); print(net.first.weight.dtype, net.index.dtype)
    net.type(torch.float32); print(net.first.weight.dtype, net.first.weight.requires_grad)
    print(all(a is b for a, b in zip(before, net.parameters())))
    print(net.to_empty(device="cpu").first.weight.shape)
    """)


def test_conversion_messages():
    with_net("""
    attempt(lambda: net.cuda())
    attempt(lambda: net.cuda(1))
    attempt(lambda: net.xpu())
    attempt(lambda: net.to("cuda"))
    attempt(lambda: net.to("cuda:0"))
    attempt(lambda: net.to(torch.int64))
    attempt(lambda: net.to([1]))
    attempt(lambda: net.to(torch.float32, "cpu"))
    attempt(lambda: net.to("cpu", copy=True))
    attempt(lambda: net.to(foo=1))
    attempt(lambda: net.to("nonsense"))
    attempt(lambda: net.to_empty())
    attempt(lambda: nn.Sequential().cuda())
    """)


def test_state_dict_holds_pytorchs_keys():
    assert with_net("""
    state = net.state_dict()
    print(list(state))
    print(state)
    print(dict(state._metadata))
    print(state["first.weight"].requires_grad, type(state["first.weight"]).__name__)
    kept = net.state_dict(keep_vars=True)
    print(kept["first.weight"] is net.first.weight)
    print(list(net.state_dict(prefix="net.")))
    print(list(net.state_dict({}, "p.")))
    state["first.weight"].fill_(7.0)
    print(net.first.weight)
    """).startswith(
        "['first.weight', 'first.count', 'inner.0.weight', 'inner.0.count', "
        "'inner.1.0.weight', 'inner.1.0.count', 'shared.weight', 'shared.count']\n"
    )


def test_load_state_dict_and_its_messages():
    with_net("""
    state = net.state_dict()
    other = Net()
    other.inner = nn.Sequential(Scale(2, 8.0), nn.Sequential(Scale(2, 9.0)))
    print(other.load_state_dict(state)); print(other.inner[0].weight)
    attempt(lambda: other.load_state_dict([1]))
    state.pop("inner.0.weight"); state["extra"] = torch.zeros(1); state["inner.3.w"] = 1
    attempt(lambda: other.load_state_dict(state))
    print(other.load_state_dict(state, strict=False))
    state["first.weight"] = torch.zeros(3)
    attempt(lambda: other.load_state_dict(state, strict=False))
    attempt(lambda: other.load_state_dict(state))
    scale = Scale()
    attempt(lambda: scale.load_state_dict({"weight": [1.0, 2.0], "count": torch.zeros(())}))
    print(scale.load_state_dict({"weight": torch.ones(2), "count": torch.ones(1)}), scale.count)
    scale.load_state_dict({"weight": torch.ones(2).double(), "count": torch.ones(())})
    print(scale.weight)
    """)


def test_load_state_dict_by_assignment():
    with_net("""
    scale = Scale()
    given = {"weight": torch.full((2,), 5.0, dtype=torch.float64), "count": torch.ones(())}
    print(scale.load_state_dict(given, assign=True))
    print(scale.weight, scale.count is given["count"], type(scale.weight).__name__)
    frozen = Scale().requires_grad_(False)
    frozen.load_state_dict(given, assign=True)
    print(frozen.weight.requires_grad)
    """)


def test_state_hooks_and_overrides():
    with_net("""
    class Versioned(Scale):
        _version = 3
        def get_extra_state(self):
            return {"note": 1}
        def set_extra_state(self, state):
            print("extra", state)
        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
            print(prefix, local_metadata)
            if prefix + "old" in state_dict:
                state_dict[prefix + "weight"] = state_dict.pop(prefix + "old")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)
    outer = nn.Sequential(Versioned())
    h1 = outer.register_state_dict_pre_hook(lambda m, prefix, keep: print("pre", prefix, keep))
    h2 = outer.register_state_dict_post_hook(lambda m, s, p, meta: print("post", len(s), p, meta))
    h3 = outer[0].register_load_state_dict_pre_hook(lambda m, s, p, *_: print("load", list(s), p))
    h4 = outer.register_load_state_dict_post_hook(lambda m, keys: print("loaded", keys))
    h5 = outer._register_state_dict_hook(lambda m, s, p, meta: {**s, "more": 1})
    state = outer.state_dict()
    print(state)
    h5.remove()
    state = outer.state_dict()
    state["0.old"] = state.pop("0.weight")
    outer.load_state_dict(state)
    state.pop("0._extra_state")
    attempt(lambda: outer.load_state_dict(state))
    for h in (h1, h2, h3, h4): h.remove()
    def public(m, s, p, meta): return s
    outer.register_state_dict_post_hook(public)
    attempt(lambda: outer._register_state_dict_hook(public))
    attempt(lambda: outer.state_dict())
    outer.register_load_state_dict_post_hook(lambda m, keys: keys)
    attempt(lambda: outer.load_state_dict({}, strict=False))
    attempt(lambda: nn.Module().get_extra_state())
    attempt(lambda: nn.Module().load_state_dict({"_extra_state": 1}))
    """)


def test_forward_hooks():
    with_net("""
    m = Scale()
    log = []
    m.register_forward_pre_hook(lambda m, args: log.append(("pre", len(args))))
    m.register_forward_pre_hook(lambda m, args: args[0] + 1)
    first = m.register_forward_pre_hook(lambda m, args: log.append("first"), prepend=True)
    m.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {**kwargs, "gain": 10.0}), with_kwargs=True)
    m.register_forward_hook(lambda m, args, out: log.append(("post", args, out)))
    last = m.register_forward_hook(lambda m, args, out: out + 0.5)
    m.register_forward_hook(
        lambda m, args, kwargs, out: log.append(kwargs), with_kwargs=True, prepend=True)
    print(m(torch.ones(2)), log); log.clear()
    first.remove(); last.remove(); last.remove()
    with m.register_forward_hook(lambda m, args, out: "replaced"):
        print(m(torch.ones(2), gain=2.0))
    print(m(torch.ones(2)), log)
    bad = Scale()
    bad.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    attempt(lambda: bad(torch.ones(2)))
    """)


def test_hooks_that_are_always_called():
    with_net("""
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError("no")
    m = Fails()
    m.register_forward_hook(lambda m, args, out: print("plain"))
    m.register_forward_hook(lambda m, args, out: print("always", out), always_call=True)
    m.register_forward_hook(lambda m, a, k, out: print("kw", k), always_call=True, with_kwargs=True)
    attempt(lambda: m(1))
    def broken(m, args, out): raise KeyError("inner")
    m.register_forward_hook(broken, always_call=True)
    attempt(lambda: m(1))
    """)


def test_global_hooks():
    with_net("""
    from torch_name import module as modules
    handles = [
        modules.register_module_forward_pre_hook(lambda m, args: print("pre", type(m).__name__)),
        modules.register_module_forward_hook(lambda m, args, out: print("post", out)),
        modules.register_module_forward_hook(
            lambda m, a, k, out: print(k), with_kwargs=True, always_call=True),
        modules.register_module_full_backward_pre_hook(lambda m, g: print("bpre", g)),
        modules.register_module_full_backward_hook(lambda m, gi, go: print("back", gi, go)),
    ]
    attempt(lambda: modules.register_module_backward_hook(print))
    net.inner(torch.ones(2, requires_grad=True)).sum().backward()
    for handle in handles: handle.remove()
    net(torch.ones(2))
    def rename(m, name, value): print(name, type(value).__name__)
    handles = [
        modules.register_module_parameter_registration_hook(rename),
        modules.register_module_buffer_registration_hook(rename),
        modules.register_module_module_registration_hook(rename),
    ]
    Net()
    for handle in handles: handle.remove()
    """.replace("from torch_name import module as modules", "modules = nn.modules.module"))


def test_full_backward_hooks():
    with_net("""
    m = Scale(2, 3.0)
    m.register_full_backward_hook(lambda m, gi, go: print("hook", gi, go))
    m.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,))
    m.register_full_backward_hook(lambda m, gi, go: print("first", gi), prepend=True)
    m.register_full_backward_pre_hook(lambda m, go: print("pre", go))
    m.register_full_backward_pre_hook(lambda m, go: (go[0] * 2,))
    x = torch.ones(2, requires_grad=True)
    y = m(x)
    print(y)
    y.sum().backward()
    print(x.grad, m.weight.grad)
    attempt(lambda: m.register_backward_hook(print))

    class Two(nn.Module):
        def forward(self, a, flag, b):
            return a * b, a + b
    t = Two()
    t.register_full_backward_hook(lambda m, gi, go: print(gi, go))
    a, b = torch.ones(2, requires_grad=True), torch.ones(2)
    out = t(a, True, b)
    out[0].sum().backward()
    print(a.grad)
    bad = Scale()
    bad.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    attempt(lambda: bad(torch.ones(2, requires_grad=True)).sum().backward())
    with torch.no_grad():
        print(bad(torch.ones(2)))
    """)


def test_full_backward_hook_without_inputs_that_need_gradients():
    with_net("""
    m = Scale()
    m.register_full_backward_hook(lambda m, gi, go: print("hook", gi, go))
    m(torch.ones(2)).sum().backward()
    m.register_full_backward_hook(lambda m, gi, go: (torch.ones(2),))
    attempt(lambda: m(torch.ones(2)).sum().backward())
    class Listing(nn.Module):
        def forward(self, x): return [x]
    l = Listing()
    l.register_full_backward_hook(print)
    l(torch.ones(1, requires_grad=True))
    """)


def test_old_backward_hook_sees_the_last_operation():
    printed = both("""
    class Perceptron(nn.Module):
        def forward(self, x, y, z):
            return torch.dot(x * y, z)
    m = Perceptron()
    def show(module, grad_input, grad_output):
        print(grad_input)
        print(grad_output)
    m.register_backward_hook(show)
    attempt(lambda: m.register_full_backward_hook(print))
    x, y, z = (torch.tensor([i, i + 1.0, i + 2.0], requires_grad=True) for i in (1.0, 3.0, 4.0))
    m(x, y, z).backward()
    print(x.grad, y.grad, z.grad)
    """)
    assert "(tensor([4., 5., 6.]), tensor([ 3.,  8., 15.]))\n(tensor(1.),)\n" in printed
    assert "when the forward contains multiple autograd Nodes" in printed


def test_old_backward_hook_replaces_and_warns():
    both("""
    class Squash(nn.Module):
        def forward(self, x):
            return torch.sigmoid(x)
    m = Squash()
    handle = m.register_backward_hook(lambda m, gi, go: (gi[0] * 2,))
    x = torch.zeros(2, requires_grad=True)
    m(x).sum().backward()
    print(x.grad)
    handle.remove()
    class Pair(nn.Module):
        def forward(self, x):
            return [torch.sigmoid(x)]
    p = Pair()
    p.register_backward_hook(lambda m, gi, go: print(go))
    p(x)[0].sum().backward()
    class Tuple(nn.Module):
        def forward(self, x, y=None):
            return torch.sigmoid(x), torch.tanh(x)
    t = Tuple()
    t.register_backward_hook(lambda m, gi, go: print(go))
    t(x)[1].sum().backward()
    t(x, 3)
    """)


def test_exception_note_has_the_whole_path_once():
    class Inner(nn.Module):
        def forward(self, x):
            raise ValueError("inside")

        def extra_repr(self):
            return "a=1, b=2"

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Sequential(Doubler(), Inner())])

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = Block()

        def forward(self, x):
            return self.block(x)

    with pytest.raises(ValueError) as caught:
        Model()(torch.ones(2))
    assert caught.value.__notes__ == ["in model.block.layers.0.1: Inner(a=1, b=2)"]
    assert str(caught.value) == "inside"
    revived = pickle.loads(pickle.dumps(caught.value))
    assert revived.__notes__ == caught.value.__notes__
    assert type(revived.__notes__[0]) is str

    with pytest.raises(ValueError) as caught:
        Inner()(1)
    assert caught.value.__notes__ == ["in model: Inner(a=1, b=2)"]


def test_exception_note_for_modules_that_are_not_registered_or_have_children():
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.child = Doubler()

        def forward(self, x):
            if x is None:
                raise TypeError("nothing")
            return Outer()(None)

    with pytest.raises(TypeError) as caught:
        Outer()(1)
    assert caught.value.__notes__ == ["in model.<Outer>: Outer(...)"]


def test_hooks_fire_inside_the_noted_call():
    m = Doubler()

    def refuse(module, args):
        raise RuntimeError("refused")

    m.register_forward_pre_hook(refuse)
    with pytest.raises(RuntimeError) as caught:
        nn.Sequential(m)(torch.ones(2))
    assert caught.value.__notes__ == ["in model.0: Doubler()"]


def test_copies_and_pickles_are_independent():
    m = nn.Sequential(Doubler())
    twin = copy.deepcopy(m)
    revived = pickle.loads(pickle.dumps(m))
    for other in (twin, revived):
        assert isinstance(other[0].weight, nn.Parameter)
        assert other[0].weight.tolist() == [2.0, 2.0]
        assert other(torch.ones(2)).tolist() == [2.0, 2.0]
    with torch.no_grad():
        m[0].weight.zero_()
    assert twin[0].weight.tolist() == [2.0, 2.0]


def test_old_pickles_without_later_attributes_still_work():
    m = Doubler()
    state = dict(m.__dict__)
    for name in ("_forward_hooks_with_kwargs", "_backward_pre_hooks", "_is_full_backward_hook"):
        del state[name]
    revived = Doubler.__new__(Doubler)
    revived.__setstate__(state)
    assert revived(torch.ones(2)).tolist() == [2.0, 2.0]


def test_hooks_do_not_keep_modules_alive():
    m = Doubler()
    handle = m.register_forward_hook(lambda module, args, output: None)
    m.register_load_state_dict_pre_hook(lambda *args: None)
    gone = weakref.ref(m)
    del m
    gc.collect()
    assert gone() is None
    handle.remove()


def test_pre_hook_of_a_copied_module_is_called_with_the_copy():
    seen = []
    m = Doubler()
    m.register_load_state_dict_pre_hook(lambda module, *args: seen.append(module))
    twin = copy.deepcopy(m)
    twin.load_state_dict(m.state_dict())
    assert seen == [twin]


def test_super_init_is_cooperative_when_asked():
    both("""
    class Mixin:
        def __init__(self, x, y=0):
            super().__init__()
            print("mixin", x, y)
    class Both(nn.Module, Mixin):
        call_super_init = True
        def __init__(self, x, **kw):
            super().__init__(x, **kw)
    Both(1, y=2)
    """)


def test_compile_is_accepted():
    m = Doubler()
    assert m.compile(fullgraph=True) is None
    assert m(torch.ones(2)).tolist() == [2.0, 2.0]


def test_repr_of_nested_and_multiline_modules():
    assert both("""
    class Lines(nn.Module):
        def extra_repr(self):
            return "a=1,\\nb=2"
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.part = Lines()
            self.none = None
            self.register_module("empty", None)
        def extra_repr(self):
            return "x"
    print(Lines()); print(Named()); print(nn.Module())
    """).endswith(
        "Named(\n  x\n  (part): Lines(\n    a=1,\n    b=2\n  )\n  (empty): None\n)\nModule()\n"
    )


def test_parameters_and_buffers():
    both("""
    import copy
    p = nn.Parameter(torch.zeros(2))
    print(p, isinstance(p, nn.Parameter), isinstance(torch.zeros(1), nn.Parameter), p.is_leaf)
    print([type(t) is torch.Tensor for t in (p + 1, p.data, p.detach())])
    q = nn.Parameter(p, requires_grad=False); print(q)
    with torch.no_grad(): p.fill_(3.0)
    print(q, nn.Parameter())
    r = copy.deepcopy(p); r.data.zero_(); print(p, type(r).__name__)
    attempt(lambda: nn.Parameter(torch.zeros(2, dtype=torch.int64)))
    print(nn.Parameter(torch.zeros(2, dtype=torch.int64), requires_grad=False))
    attempt(lambda: nn.Parameter([1.0]))
    x = torch.ones(2, requires_grad=True) * 2
    print(nn.Parameter(x).is_leaf)
    b = nn.Buffer(torch.ones(2), persistent=False)
    print(b, type(b) is torch.Tensor, isinstance(b, nn.Buffer), b.persistent)
    print(isinstance(torch.ones(1), nn.Buffer))
    print([nn.Parameter(torch.zeros(1))])
    """)


def test_uninitialized_parameters():
    both("""
    w = nn.UninitializedParameter()
    print(w, isinstance(w, nn.Parameter), w.requires_grad, nn.parameter.is_lazy(w))
    attempt(lambda: w.shape)
    attempt(lambda: w.share_memory_())
    w.materialize((2, 3))
    print(type(w).__name__, w.shape, w.requires_grad, nn.parameter.is_lazy(w))
    b = nn.UninitializedBuffer(dtype=torch.float64)
    print(b)
    b.materialize((2,)); print(type(b) is torch.Tensor, b.dtype)
    """)


def test_data_parallel_without_gpus():
    both("""
    class Id(nn.Module):
        def forward(self, x, k=1): return x * k
    p = nn.DataParallel(Id(), device_ids=[0, 1])
    print(p, p(torch.ones(2), k=3), p.device_ids, nn.parallel.DataParallel is nn.DataParallel)
    attempt(lambda: nn.parallel.data_parallel(Id(), torch.ones(2)))
    attempt(lambda: nn.parallel.data_parallel(Id(), (torch.ones(2),), device_ids=[0]))
    """)


def test_lazy_modules_take_their_shapes_from_the_first_input_or_from_a_state():
    both("""
    class Scale(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(size))
        def forward(self, x):
            return x * self.weight
    class LazyScale(nn.modules.lazy.LazyModuleMixin, Scale):
        cls_to_become = Scale
        weight: nn.UninitializedParameter
        def __init__(self):
            super().__init__(0)
            self.weight = nn.UninitializedParameter()
            self.ready = True
        def initialize_parameters(self, x):
            if self.ready and self.has_uninitialized_params():
                self.weight.materialize(x.shape[-1:])
                with torch.no_grad():
                    self.weight.fill_(2.0)
    m = LazyScale()
    print(m, m.weight, m.has_uninitialized_params(), m.state_dict())
    print(m(torch.ones(1, 3)), type(m).__name__, m.weight)
    m = LazyScale(); m.load_state_dict({"weight": torch.full((4,), 5.0)})
    print(m.weight, m(torch.ones(4)), type(m).__name__)
    m = LazyScale(); m.ready = False
    attempt(lambda: m(torch.ones(2)))
    attempt(lambda: Scale(2).load_state_dict(LazyScale().state_dict()))
    class Forgotten(nn.modules.lazy.LazyModuleMixin, nn.Module):
        pass
    attempt(lambda: Forgotten()(1))
    m = LazyScale().double(); print(m(torch.ones(2).double()).dtype)
    """)


def test_a_small_model_trains_as_with_pytorch():
    both("""
    class Linear(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(outputs, inputs))
            self.bias = nn.Parameter(torch.empty(outputs))
            nn.init.kaiming_uniform_(self.weight, a=5 ** 0.5)
            nn.init.uniform_(self.bias, -(inputs ** -0.5), inputs ** -0.5)
        def forward(self, x):
            return x.matmul(self.weight.t()) + self.bias
    class Perceptron(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = Linear(4, 1)
        def forward(self, x):
            return torch.sigmoid(self.layer(x))
    torch.manual_seed(1000)
    m, x = Perceptron(), torch.rand(5, 4)
    handle = m.register_backward_hook(lambda m, gi, go: print(type(gi), len(gi), gi, len(go)))
    print(m, list(m.parameters()), list(m.named_modules()), m(x))
    for step in range(3):
        m.zero_grad()
        ((m(x) - 1) ** 2).mean().backward()
        with torch.no_grad():
            for p in m.parameters():
                p -= 0.5 * p.grad
        print(m.layer.weight.grad, m.layer.bias)
    handle.remove()
    deep = nn.Sequential(m, Linear(1, 2)).double()
    print(deep(x.double()))
    print(deep.float()(x), deep.half()[1].weight)
    attempt(lambda: m(torch.ones(3, 3).half()))
    """)


def test_exceptions_that_take_no_note_pass_unchanged():
    class Frozen(Exception):
        def __setattr__(self, name, value):
            raise AttributeError("frozen")

    class Raises(nn.Module):
        def forward(self, error):
            raise error

    class Endless(nn.Module):
        def forward(self, x):
            return self(x)

    with pytest.raises(Frozen):
        Raises()(Frozen("x"))
    with pytest.raises(RecursionError):
        Endless()(1)
