"""Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict."""

from __future__ import annotations

import pytest
from both_libraries import both

from flambeau import nn

PARTS = """
    from collections import OrderedDict
    class Add(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.n = n
        def forward(self, x):
            return x + self.n
        def extra_repr(self):
            return str(self.n)
    class Block(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.inner = Add(n)
    def names(container):
        return [(name, module.n) for name, module in container.named_children()]
"""


def with_parts(program: str) -> str:
    return both(PARTS + program)


def test_sequential_is_made_in_three_ways():
    assert with_parts("""
    a = nn.Sequential()
    a.add_module("first", Add(1)); a.add_module("second", Add(2))
    b = nn.Sequential(Add(1), Add(2))
    c = nn.Sequential(OrderedDict([("x", Add(1)), ("y", Add(2))]))
    for s in (a, b, c):
        print(s, s(0), len(s), s[0], s[-1], names(s))
    print(c.x, a.second, nn.Sequential(), nn.Sequential()(5))
    attempt(lambda: nn.Sequential(3))
    attempt(lambda: nn.Sequential({"a": Add(1)}))
    """).startswith("Sequential(\n  (first): Add(1)\n  (second): Add(2)\n) 3 2 Add(1) Add(2)")


def test_sequential_as_a_list():
    with_parts("""
    s = nn.Sequential(*(Add(n) for n in range(5)))
    print(names(s[1:3]), names(s[::2]), type(s[:0]).__name__, s[3] is s[-2])
    attempt(lambda: s[5])
    attempt(lambda: s[-6])
    attempt(lambda: s["a"])
    attempt(lambda: s[1.5])
    s[1] = Add(10); s[-1] = Add(40); print(names(s))
    attempt(lambda: s.__setitem__(9, Add(1)))
    attempt(lambda: s.__setitem__(0, 1))
    del s[0]; print(names(s)); del s[-1]; print(names(s)); del s[0:2]; print(names(s))
    attempt(lambda: s.__delitem__(9))
    print(s.append(Add(7)) is s, s.extend([Add(8), Add(9)]) is s, names(s))
    s.insert(1, Add(77)); s.insert(-1, Add(88)); s.insert(len(s), Add(99)); print(names(s))
    attempt(lambda: s.insert(50, Add(1)))
    attempt(lambda: s.insert(0, 3))
    print(s.pop(0), s.pop(-1), names(s.pop(slice(0, 2))), names(s))
    print([m.n for m in s], [name for name in dir(s) if name.isdigit()])
    """)


def test_sequential_arithmetic():
    with_parts("""
    a, b = nn.Sequential(Add(1), Add(2)), nn.Sequential(Add(3))
    print(names(a + b), len(a)); a += b; print(names(a)); a += nn.Sequential(Add(4)); print(len(a))
    print((b * 3)[0] is (b * 3)[2], len(2 * a), (a * 2)[0] is a[0])
    b *= 3; print(len(b), b[0] is b[2])
    attempt(lambda: a + [Add(1)])
    attempt(lambda: a.__iadd__([Add(1)]))
    attempt(lambda: a * 1.5)
    attempt(lambda: a * 0)
    attempt(lambda: a.__imul__("a"))
    attempt(lambda: a.__imul__(-1))
    class Mine(nn.Sequential): pass
    print(type(Mine(Add(1))[0:1]).__name__, type(Mine(Add(1)) + b).__name__)
    """)


def test_module_list():
    assert with_parts("""
    l = nn.ModuleList([Add(1), Add(1), Add(1), Add(2), Block(3), Block(3)])
    print(l)
    print(nn.ModuleList(), nn.ModuleList([Block(1)]), nn.ModuleList([Add(1)]))
    l = nn.ModuleList(Add(n) for n in range(4))
    print(names(l[1:3]), type(l[:1]).__name__, l[-1], len(l), [m.n for m in l], l[1] in l)
    attempt(lambda: l[4])
    attempt(lambda: l["0"])
    l[0] = Add(10); l[-1] = Add(30); print(names(l))
    del l[1]; print(names(l)); del l[1:]; print(names(l))
    l.append(Add(5)); l.extend([Add(6)]); l += [Add(7)]; l.insert(1, Add(8)); print(names(l))
    print(names(l + [Add(9)]), type(l + []).__name__, len(l))
    print(l.pop(0), l.pop(-1), names(l))
    attempt(lambda: l.extend(3))
    attempt(lambda: l.append(3))
    attempt(lambda: l(1))
    print([name for name in dir(l) if name.isdigit()])
    """).startswith(
        "ModuleList(\n  (0-2): 3 x Add(1)\n  (3): Add(2)\n  (4-5): 2 x Block(\n"
        "    (inner): Add(3)\n  )\n)\n"
    )


def test_module_dict():
    with_parts("""
    d = nn.ModuleDict({"b": Add(1), "a": Add(2)})
    print(d, list(d), len(d), d["a"], d.a, "a" in d, "c" in d)
    print(list(d.keys()), list(d.values()), list(d.items()))
    d["c"] = Add(3); d.update([("x", Add(4)), ["y", Add(5)]])
    d.update(nn.ModuleDict({"z": Add(6)})); d.update(OrderedDict(q=Add(7)))
    print(list(d), d.pop("b"), list(d))
    del d["a"]; print(list(d)); d.clear(); print(d, len(d))
    attempt(lambda: d["no"])
    attempt(lambda: d.pop("no"))
    attempt(lambda: d.update(3))
    attempt(lambda: d.update([3]))
    attempt(lambda: d.update([(1, 2, 3)]))
    attempt(lambda: d.update({"k": 3}))
    attempt(lambda: d.update({"a.b": Add(1)}))
    attempt(lambda: d.update({"keys": Add(1)}))
    attempt(lambda: d(1))
    print(nn.ModuleDict([("m", Add(1))]))
    """)


def test_parameter_list():
    with_parts("""
    P = lambda *shape: nn.Parameter(torch.zeros(*shape))
    l = nn.ParameterList([P(2, 3), torch.ones(1), "text", 3])
    print(l, len(l), [name for name, _ in l.named_parameters()])
    print(nn.ParameterList(), nn.ParameterList([P(2)]))
    print(l[1], l[-1], l[2], type(l[1:3]).__name__, len(l[1:3]), list(l)[3])
    l[3] = torch.zeros(4); l.append(P(5)); l.extend([P(6)]); l += [P(7)]
    print([p.shape if hasattr(p, "shape") else p for p in l])
    attempt(lambda: l[20])
    attempt(lambda: l.extend(3))
    attempt(lambda: l.extend(torch.zeros(2)))
    attempt(lambda: l(1))
    print(list(l.state_dict()), [name for name in dir(l) if name.isdigit()])
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.ps = l
    print(Outer())
    """)


def test_parameter_dict():
    with_parts("""
    P = lambda *shape: nn.Parameter(torch.zeros(*shape))
    d = nn.ParameterDict({"b": P(1), "a": torch.zeros(2), "n": 3})
    print(d, len(d), list(d), [name for name, _ in d.named_parameters()])
    print(d["a"], d.b, "a" in d, "c" in d, list(reversed(d)))
    print([(k, getattr(v, "shape", v)) for k, v in d.items()])
    print(list(d.keys()), len(list(d.values())))
    print(d.get("a").shape, d.get("zz"), d.get("zz", 4), d.setdefault("s", P(3)).shape, list(d))
    print(d.pop("n"), d.popitem()[0], list(d))
    d.update([("x", P(1))]); d.update(OrderedDict(z=P(1), y=P(1))); print(list(d))
    e = d.copy(); print(type(e).__name__, list(e), e["x"] is d["x"])
    print(list(d | nn.ParameterDict({"w": P(1)})), list(d.fromkeys(["k", "j"], 1)))
    d |= nn.ParameterDict({"v": P(1)}); print(list(d))
    del d["v"]; print(list(d)); d.clear(); print(d, len(d))
    attempt(lambda: d[1])
    attempt(lambda: d["no"])
    attempt(lambda: d.popitem())
    attempt(lambda: d.update(3))
    attempt(lambda: d.update([3]))
    attempt(lambda: d.update([(1, 2, 3)]))
    attempt(lambda: d(1))
    """)


def test_containers_share_their_parameters_with_the_holder():
    with_parts("""
    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.plain = [nn.Parameter(torch.zeros(1))]
            self.list = nn.ParameterList([torch.zeros(1)])
            inner = nn.ModuleList([nn.ParameterDict({"p": torch.zeros(2)})])
            self.dict = nn.ModuleDict({"k": inner})
    print(list(Holder().state_dict()))
    """)


def test_container_warns():
    with pytest.warns(FutureWarning, match="`nn.Container` is deprecated"):
        container = nn.Container(part=nn.Module())
    assert isinstance(container.part, nn.Module)
