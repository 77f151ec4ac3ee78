"""Time loops: recurrent networks as native loops, compared with the reference engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flambeau as torch
from flambeau.compiler import contraction_call, fuse, llvm, time_loop
from flambeau.compiler.fuse import Call, plan_steps
from flambeau.compiler.hoist import hoist
from flambeau.compiler.machine import host_machine
from flambeau.compiler.program import Program, splice
from flambeau.compiler.simplify import simplify
from flambeau.dtype import float32
from flambeau.engines import native, realize
from flambeau.engines.build import write_segments
from flambeau.engines.native import Plan
from flambeau.graph import spec
from flambeau.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from flambeau.ops.contraction import dot
from flambeau.ops.define import trace
from flambeau.ops.elementwise import tanh
from flambeau.ops.loop import scan
from flambeau.ops.movement import concatenate, zeros

STEPS, BATCH, INPUT = 5, 3, 4


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that are made; everything is compiled at once, and nothing taken from disk."""
    made: list[Plan] = []
    build = Plan.__init__

    def noting(self: Plan, *args: Any, **kwargs: Any) -> None:
        build(self, *args, **kwargs)
        made.append(self)
    monkeypatch.setattr(Plan, "__init__", noting)
    monkeypatch.setattr(realize.mode, "patience", 1)
    monkeypatch.setattr(native.plan_cache, "load", lambda key: None)
    return made


def gradients(kind: str, options: dict[str, Any], given: bool, lengths: list[int] | None,
              dtype: Any, steps: int = STEPS) -> list[Any]:
    """Output, last states and all gradients of a recurrent network."""
    torch.manual_seed(0)
    net = getattr(torch.nn, kind)(INPUT, options.pop("hidden", 6), **options).to(dtype)
    shape = (BATCH, steps, INPUT) if net.batch_first else (steps, BATCH, INPUT)
    x = torch.randn(*shape, dtype=dtype, requires_grad=True)
    count = net.num_layers * (2 if net.bidirectional else 1)
    states = [torch.randn(count, BATCH, size, dtype=dtype, requires_grad=True) for size in (
        [net.proj_size or net.hidden_size, net.hidden_size] if kind == "LSTM" else
        [net.hidden_size])] if given else []
    fed = x if lengths is None else pack_padded_sequence(
        x, torch.tensor(lengths), net.batch_first, enforce_sorted=False)
    start = (tuple(states) if kind == "LSTM" else states[0]) if given else None
    y, last = net(fed, start)
    if lengths is not None:
        y, _ = pad_packed_sequence(y)
    last = last if kind == "LSTM" else (last,)
    (sum(((k + 2) * s ** 3).sum() for k, s in enumerate(last)) + (y * y).sum()).backward()
    results = [y, *last, x.grad, *[s.grad for s in states], *[p.grad for p in net.parameters()]]
    return [r.detach().numpy().copy() for r in results]


CASES: list[tuple[str, dict[str, Any], bool, list[int] | None, Any]] = [
    ("LSTM", {}, False, None, torch.float32),
    ("LSTM", {"hidden": 32, "bidirectional": True, "num_layers": 2}, True, None, torch.float32),
    ("LSTM", {"proj_size": 3, "batch_first": True}, True, None, torch.float32),
    ("LSTM", {"bidirectional": True}, True, [2, 5, 3], torch.float32),
    ("GRU", {"hidden": 16, "bidirectional": True}, True, None, torch.float64),
    ("GRU", {"bias": False}, False, [5, 1, 4], torch.float32),
    ("RNN", {"num_layers": 2}, True, None, torch.float32),
    ("RNN", {"nonlinearity": "relu", "bidirectional": True}, False, [1, 2, 5], torch.float64)]


def calls_of(plans: list[Plan]) -> set[str]:
    return {s.instr.prim.name for p in plans for s in p.stages if isinstance(s, Call)}


def agree(got: list[Any], wanted: list[Any]) -> None:
    for g, w in zip(got, wanted, strict=True):
        limit = 1e-12 if w.dtype == np.float64 else 2e-5
        np.testing.assert_allclose(g, w, limit, limit)


@pytest.mark.parametrize("kind, options, given, lengths, dtype", CASES)
def test_networks_as_on_the_reference(kind: str, options: dict[str, Any], given: bool,
                                      lengths: list[int] | None, dtype: Any, plans: list[Plan],
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    results = {}
    for compiled in (False, True):
        monkeypatch.setattr(realize.mode, "native", compiled)
        results[compiled] = gradients(kind, dict(options), given, lengths, dtype)
    assert plans and not calls_of(plans) & {"scan", "item", "concatenate"}
    agree(results[True], results[False])


def test_threads_share_the_steps(plans: list[Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realize.mode, "native", True)
    results = []
    for work in (1 << 60, 1):  # all on one thread; on all threads
        monkeypatch.setattr(native, "WORK_PER_THREAD", work)
        results.append(gradients("LSTM", {"hidden": 32, "num_layers": 2}, True, None,
                                 torch.float32))
    for one, all_threads in zip(*results, strict=True):
        assert np.array_equal(one, all_threads)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_matrices_are_prepared_once(kind: str, plans: list[Plan],
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    place = time_loop.LoopFunction.__init__

    def noting(self: Any, *args: Any) -> None:
        place(self, *args)
        seen.append(bool(self.prepared))
    monkeypatch.setattr(time_loop.LoopFunction, "__init__", noting)
    monkeypatch.setattr(sys.modules[__name__], "BATCH", 32)
    results = {}
    for compiled in (False, True):
        monkeypatch.setattr(realize.mode, "native", compiled)
        results[compiled] = gradients(kind, {"hidden": 96}, True, None, torch.float32, steps=9)
    assert seen == [host_machine().tiles] * 2  # forward and backward
    for got, wanted in zip(results[True], results[False], strict=True):
        np.testing.assert_allclose(got, wanted, 1e-4, 1e-5 * np.abs(wanted).max())


def test_one_step(plans: list[Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    results = {}
    for compiled in (False, True):
        monkeypatch.setattr(realize.mode, "native", compiled)
        results[compiled] = gradients("GRU", {}, True, None, torch.float32, steps=1)
    assert not calls_of(plans) & {"scan", "item", "concatenate"}
    agree(results[True], results[False])


def test_without_gradients_only_states_are_carried(plans: list[Plan],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net, x = torch.nn.LSTM(INPUT, 8), torch.randn(STEPS, BATCH, INPUT)
    results = []
    for compiled in (False, True):
        monkeypatch.setattr(realize.mode, "native", compiled)
        with torch.no_grad():
            y, (h, c) = net(x)
            results.append([v.numpy().copy() for v in (y, h, c)])
    agree(results[1], results[0])
    assert not calls_of(plans)


# ---- what the compiler makes of a loop -----------------------------------------------------------

def program_of(function: Any, *shapes: tuple[int, ...]) -> Program:
    template = trace("test", function, [spec(s, float32) for s in shapes])
    program = Program()
    inputs = [program.input(s) for s in template.input_specs]
    program.outputs = list(splice(program, template, inputs))
    return contraction_call.read_in_place(simplify(hoist(program)))


def recurrence(h: Any, xs: Any, w: Any) -> tuple[Any, ...]:
    """h ← tanh(x + h Wᵀ) with W scaled inside the body, which does not change from step to step."""
    def body(h: Any, x: Any, w: Any) -> tuple[Any, ...]:
        new = tanh(x + dot(h, w * w, contract=((1,), (1,)), batch=((), ())))
        return new, new, new
    step = trace("step", body, [h.spec, spec(xs.shape[1:], xs.dtype), w.spec])
    result: tuple[Any, ...] = scan(h, xs, w, body=step, carries=1, xs=1, length=xs.shape[0],
                                   reverse=False)
    return result


def test_what_does_not_change_leaves_the_loop() -> None:
    program = program_of(recurrence, (2, 32), (5, 2, 32), (32, 32))
    names = [i.prim.name for i in program.instrs]
    assert names.index("mul") < names.index("scan")
    body = next(i for i in program.instrs if i.prim is scan).params["body"]
    assert "mul" not in [i.prim.name for i in body.instrs]
    panels = body.input_specs[-1].shape
    assert len(panels) == 3 and panels[0] * panels[2] == 32 and panels[1] == 32


def test_one_loop_with_a_product_and_a_kernel_is_one_segment() -> None:
    program = program_of(recurrence, (2, 32), (5, 2, 32), (32, 32))
    writer = write_segments(program)
    assert len(writer.stages) == 1
    loop = next(f for f in writer.stages[0].functions if f.name.startswith("scan"))
    assert [type(f).__name__ for f in loop.functions] == ["ContractionFunction", "NestFunction"]
    assert list(loop.items) == [0, 1]  # the third result is the second


def test_parts_of_a_concatenation_are_written_where_it_lies() -> None:
    def joined(x: Any, y: Any) -> tuple[Any, ...]:
        part = tanh(x)
        return (concatenate(part, y, part, axis=1), concatenate(x, zeros((2, 3), x), axis=0))
    program = program_of(joined, (2, 3), (2, 4))
    steps, _ = plan_steps(program, lambda i: llvm.takes(i, program.specs))
    assert all(isinstance(step, fuse.Kernel) for step in steps)


def test_concatenations_as_on_the_reference(plans: list[Plan],
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for compiled in (False, True):
        monkeypatch.setattr(realize.mode, "native", compiled)
        torch.manual_seed(0)
        x, y = torch.randn(2, 3), torch.randn(2, 4)
        t = x.exp()
        both = torch.cat([t, y, t, x.sum(1, keepdim=True), t.reshape(3, 2).T], 1)
        bits = torch.cat([x > 0, y < 0], 1)
        rows = torch.cat([both * 2, torch.cat([both, both + 1]), torch.zeros(0, 14)])
        results.append([v.numpy().copy() for v in (both, bits, rows.sum(0), t)])
    assert not calls_of(plans)
    agree(results[1][:1] + results[1][2:], results[0][:1] + results[0][2:])
    assert (results[1][1] == results[0][1]).all()


PROGRAM = """
import flambeau as torch
from flambeau.engines.realize import statistics
torch.manual_seed(0)
net, x = torch.nn.GRU(4, 16, bidirectional=True), torch.randn(5, 3, 4)
net(x)[0].square().sum().backward()
print(*[p.grad.double().sum().item().hex() for p in net.parameters()])
print(*[c.source for c in statistics.compilations])
"""


def test_loops_come_back_from_disk(tmp_path: Path) -> None:
    environment = os.environ | {"FLAMBEAU_ENGINE": "native", "FLAMBEAU_PATIENCE": "1",
                                "FLAMBEAU_CACHE": str(tmp_path / "cache"),
                                "PYTHONPATH": os.pathsep.join(sys.path)}
    lines = [subprocess.run([sys.executable, "-c", PROGRAM], env=environment, text=True,
                            capture_output=True, check=True).stdout.splitlines() for _ in range(2)]
    assert lines[0][0] == lines[1][0]
    assert "compiled" in lines[0][1] and set(lines[1][1].split()) == {"disk"}
