"""When a structure is compiled: by counts and estimated costs alone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import flambeau as torch
from flambeau.engines import blas, cost, realize, reference
from flambeau.engines.choice import SMALL, Mode, Step, choose
from flambeau.engines.statistics import Observation, Structure, observations
from flambeau.graph import pending


@pytest.fixture(autouse=True)
def defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule as it is without settings of the environment."""
    for name, value in (("native", True), ("background", True), ("patience", 2)):
        monkeypatch.setattr(realize.mode, name, value)


def steps(count: int, runs: float, compiling: float, size: int = 1) -> list[Step]:
    """What is done at each coming of a structure.

    Args:
        count: how often it comes.
        runs: seconds of a run on the reference engine.
        compiling: seconds of compilation.
        size: elements that it makes.
    """
    entry = Structure(())
    entry.costs = runs, compiling
    nodes = [SimpleNamespace(spec=SimpleNamespace(size=size))]
    done = []
    for _ in range(count):
        entry.recent += 1
        done.append(choose(entry, nodes))  # type: ignore[arg-type]
        if done[-1] is Step.HAND_OVER:
            entry.handed = entry.recent
    return done


def test_a_small_step_is_handed_over_and_later_waited_for() -> None:
    mode = Mode()
    done = steps(100, 0.001, 0.4)
    handed, due = done.index(Step.HAND_OVER), done.index(Step.WAIT)
    assert handed + 1 == pytest.approx(mode.share * 0.4 / 0.001, abs=1)
    assert due - handed == pytest.approx(mode.limit * 0.4 / 0.001, abs=2)
    assert set(done[:handed]) | set(done[handed + 1:due]) == {Step.REFERENCE}


def test_gradcheck_stays_on_one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a function comes: its backward passes must agree bit for bit."""
    monkeypatch.setattr(realize.mode, "background", False)
    watch = Engines()
    observations.append(watch)
    x = torch.ones(3, dtype=torch.float64, requires_grad=True)
    try:
        for _ in range(30):
            assert torch.autograd.gradcheck(lambda x: (x * x).sin(), x)
    finally:
        observations.remove(watch)
    assert watch.seen == {False}


class Engines(Observation):
    """Which engines ran flushes: True for compiled code."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[bool] = set()

    def flushed(self, reason: str, entry: Structure, native: bool) -> None:
        """A flush has run."""
        super().flushed(reason, entry, native)
        self.seen.add(native)


def test_what_comes_once_is_left_to_the_reference() -> None:
    assert steps(1, 0.01, 2.0) == steps(1, 0.01, 2.0, SMALL) == [Step.REFERENCE]


def test_large_steps_are_not_run_on_the_reference() -> None:
    assert steps(1, 8.0, 10.0, SMALL) == [Step.WAIT]
    assert steps(2, 1.9, 7.0, SMALL) == [Step.LOOK, Step.WAIT]


def test_little_is_compiled_in_the_program() -> None:
    """Starting a process would take longer."""
    assert steps(2, 0.1, 0.3)[-1] is Step.HERE


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as m:
        m.setattr(realize.mode, "background", False)
        assert steps(100, 0.001, 0.4).count(Step.HAND_OVER) == 0
    with monkeypatch.context() as m:
        m.setattr(realize.mode, "deterministic", True)
        assert steps(1, 0.001, 0.4) == [Step.HERE] and steps(1, 0.001, 9.0) == [Step.WAIT]
    monkeypatch.setattr(realize.mode, "native", False)
    assert steps(1, 8.0, 10.0, SMALL) == [Step.REFERENCE]


def test_multiplications_are_counted() -> None:
    """Of products with and without a batch, and of a convolution and its adjoints."""
    counts = []

    def counted(compute: object) -> list[int]:
        torch.sync()
        counts.clear()
        compute()  # type: ignore[operator]
        for node in pending.nodes:
            specs = dict(enumerate(getattr(node.template, "input_specs", ())))
            for instr in getattr(node.template, "instrs", ()):
                specs[instr.out] = instr.spec
                if instr.prim.kind == "contraction":
                    counts.append(cost.multiplications(instr, [specs[a] for a in instr.args]))
        torch.sync()
        return sorted(counts)
    a, b = torch.ones(7, 3, 4), torch.ones(7, 4, 5)
    assert counted(lambda: a @ b) == [7 * 3 * 4 * 5]
    assert counted(lambda: a[0] @ b[0]) == [3 * 4 * 5]
    x = torch.ones(2, 6, 9, 9, requires_grad=True)
    w = torch.ones(8, 3, 3, 3, requires_grad=True)
    one = 2 * 8 * 3 * 9 * 7 * 7
    assert set(counted(lambda: torch.conv2d(x, w, groups=2).sum().backward())) == {one}


def test_the_reference_runs_products_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's own setting holds before and after."""
    switches = blas._switches()
    if switches is None:
        pytest.skip("NumPy has no OpenBLAS here")
    get, put = switches
    before, during = get(), []
    monkeypatch.setattr(reference, "_realize", lambda node: during.append(get()))
    put(2)
    try:
        assert reference.run([None]) is None
        assert (during, get()) == ([1], 2)
    finally:
        put(before)
