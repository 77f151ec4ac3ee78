"""`utils.benchmark`: measurements read as PyTorch's; the timer runs what it is given."""

from __future__ import annotations

import pytest
from both_libraries import both

import flambeau
from flambeau.utils.benchmark import Compare, Measurement, TaskSpec, Timer


def test_measurements_are_reported_alike() -> None:
    both("""
        from importlib import import_module
        import torch.utils.benchmark
        b = torch.utils.benchmark
        M = b.Measurement
        S = b.TaskSpec if hasattr(b, "TaskSpec") else b.utils.common.TaskSpec
        named = S("x+y", "import x", label="lab", sub_label="sub", description="desc",
                  num_threads=2)
        for m in (M(10, [0.001], S("x+y", "pass")), M(100, [.1, .2, .3, .4, .5], named),
                  M(1, [2e-8, 2e-8], S("a\\nb", "c\\nd")), M(2, [3., 3.1, 3.2, 3.3], named)):
            print("\\n".join(repr(m).split("\\n")[1:]))
            print(m.significant_figures, f"{m.median:.6g} {m.iqr:.6g} {m.mean:.6g}", m.title)
        results = [M(10, [.01 * n, .011], S("x", "pass", label="L", sub_label=s, description=d,
                                        num_threads=n))
                   for s in ("a", "bcd") for d in ("now", "then") for n in (1, 2)]
        table = b.Compare(results)
        table.print()
        table.trim_significant_figures()
        table.print()
        print(b.select_unit(1e-7), b.select_unit(2e-3)[0], b.trim_sigfig(123456, 2))
    """.replace("import torch.utils.benchmark\n", "import_module(torch.__name__ + "
                "'.utils.benchmark')\n"))


def test_the_timer_runs_setup_and_statement() -> None:
    seen: list[int] = []
    timer = Timer("seen.append(x)", "x = 3", globals={"seen": seen}, num_threads=1)
    found = timer.timeit(100)
    assert len(seen) == 102
    assert set(seen) == {3}
    assert found.number_per_run == 100 and 0 < found.mean == found.median
    blocks = timer.blocked_autorange(min_run_time=0.01)
    assert len(blocks.times) >= 1 and blocks.median < 1e-3
    calls: list[int] = []
    adaptive = timer.adaptive_autorange(min_run_time=0.005, max_run_time=0.05,
                                        callback=lambda number, took: calls.append(number))
    assert len(calls) == len(adaptive.raw_times)


def test_the_timer_waits_for_recorded_work() -> None:
    x = flambeau.ones(400, 400)
    slow = Timer("for _ in range(8): y = x @ x", globals={"x": x}).timeit(3).mean
    quick = Timer("y = x.shape", globals={"x": x}).timeit(3).mean
    assert slow > 5 * quick


def test_wrong_calls() -> None:
    with pytest.raises(ValueError, match="Python statements only"):
        Timer(language="c++")
    with pytest.raises(NotImplementedError):
        Timer().autorange()
    with pytest.raises(ValueError, match="instance of `Measurement`"):
        Compare([1])  # type: ignore[list-item]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        Measurement(1, [1.0], TaskSpec("x", "")).nothing  # noqa: B018
