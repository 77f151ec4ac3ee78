"""Worker processes: same batches as without, errors carried over, nothing left behind."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy
import pytest
import worker_datasets as sets
from worker_datasets import plain

import flambeau
from flambeau.utils.data import DataLoader
from flambeau.utils.data._utils import transport

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")


def segments() -> list[str]:
    folder = Path("/dev/shm")
    return [path.name for path in folder.glob("fl_*")] if folder.exists() else []


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Any:
    yield
    gc.collect()
    assert multiprocessing.active_children() == []
    assert segments() == []


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_batches_do_not_depend_on_workers(workers: int) -> None:
    def run(count: int) -> Any:
        flambeau.manual_seed(7)
        loader = DataLoader(sets.Mixed(), batch_size=3, shuffle=True, num_workers=count)
        return [plain(batch) for _ in range(2) for batch in loader], flambeau.rand(3).tolist()

    assert run(workers) == run(0)


def test_random_streams_of_workers_equal_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    flambeau.manual_seed(3)
    ours = [plain(batch) for batch in DataLoader(sets.Random(), batch_size=2, num_workers=2)]
    torch.manual_seed(3)
    base = torch.empty((), dtype=torch.int64).random_().item()
    seeds = [base, base + 1]
    from torch.utils.data._utils.worker import _generate_state



    streams = []
    for worker, seed in enumerate(seeds):
        python = random.Random(seed)
        array = numpy.random.RandomState(_generate_state(base, worker))
        tensor = torch.Generator().manual_seed(seed)
        streams.append((python, array, tensor))
    for number, batch in enumerate(ours):
        python, array, tensor = streams[number % 2]
        rows = [
            (python.random(), array.rand(), torch.rand((), generator=tensor).item())
            for _ in range(2)
        ]
        assert [column[1] for column in batch[1]] == [list(c) for c in zip(*rows, strict=True)]


def test_persistent_workers_keep_their_processes() -> None:
    loader = DataLoader(
        sets.WhoAmI(), num_workers=2, persistent_workers=True, collate_fn=sets.as_list
    )
    first, second = list(loader), list(loader)
    assert {row[0][3] for row in first} == {row[0][3] for row in second}
    assert [row[0][:2] for row in first] == [(0, 2), (1, 2), (0, 2), (1, 2)]
    assert first[1][0][2] == first[0][0][2] + 1


def test_persistent_workers_start_over_in_mid_epoch() -> None:
    loader = DataLoader(sets.Mixed(9), num_workers=2, persistent_workers=True, batch_size=2)
    next(iter(loader))
    numbers = [batch["number"][0].tolist() for batch in loader]
    assert numbers == [[0, 1], [2, 3], [4, 5], [6, 7], [8]]


def test_batches_are_writable_and_separate() -> None:
    first, second = list(DataLoader(sets.Mixed(2), num_workers=1))
    first["large"].add_(1)
    first["array"].add_(1)
    assert first["large"][0, 0].item() == 1 and second["large"][0, 0].item() == 1
    assert second["array"].tolist() == [[[1, 1, 1], [1, 1, 1]]]


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("size", [0, 1, 10, 11])
def test_streams(size: int, persistent: bool) -> None:
    loader = DataLoader(
        sets.Stream(size), batch_size=2, num_workers=2, persistent_workers=persistent
    )
    for _ in range(2):
        batches = [batch.tolist() for batch in loader]
        assert sorted(number for batch in batches for number in batch) == list(range(size))
    if size == 10:
        assert batches == [[0, 2], [1, 3], [4, 6], [5, 7], [8], [9]]


def test_out_of_order_batches_all_come() -> None:
    loader = DataLoader(sets.Mixed(20), num_workers=3, in_order=False, prefetch_factor=1)
    assert sorted(batch["number"][0].item() for batch in loader) == list(range(20))


@pytest.mark.parametrize(
    ("deed", "kind"), [("raise_value_error", ValueError), ("raise_key_error", KeyError)]
)
def test_exceptions_carry_the_workers_traceback(deed: str, kind: type[Exception]) -> None:
    loader = DataLoader(sets.Misbehaving(deed), batch_size=2, num_workers=2)
    with pytest.raises(kind) as caught:
        list(loader)
    text = str(caught.value)
    assert text.startswith(
        f"Caught {kind.__name__} in DataLoader worker process 0.\n"
        "Original Traceback (most recent call last):\n"
    )
    assert f"in {deed}" in text and "sample five" in text
    del caught


def test_exception_that_cannot_be_rebuilt() -> None:
    with pytest.raises(RuntimeError, match="Caught UnicodeDecodeError in DataLoader worker"):
        list(DataLoader(sets.Misbehaving("raise_strange_error"), num_workers=1))


def test_iteration_goes_on_after_an_exception() -> None:
    iterator = iter(DataLoader(sets.Misbehaving("raise_value_error"), num_workers=2))
    seen = []
    for _ in range(12):
        try:
            seen.append(next(iterator).item())
        except ValueError:
            seen.append(-1)
    assert seen == [0, 1, 2, 3, 4, -1, 6, 7, 8, 9, 10, 11]


def test_worker_init_fn() -> None:
    loader = DataLoader(
        sets.Random(), batch_size=4, num_workers=2, worker_init_fn=sets.mark_numpy_seed
    )
    expected = numpy.random.RandomState(1).rand(4)
    assert [batch[1] for batch in loader][1].tolist() == expected.tolist()
    with pytest.raises(OverflowError, match="worker 0 cannot start"):
        list(DataLoader(sets.Random(), num_workers=1, worker_init_fn=sets.fail_to_start))


@pytest.mark.parametrize(
    ("deed", "cause"), [("kill", "killed by signal: Killed"), ("leave", "exited with exit code 3")]
)
def test_a_dead_worker_is_noticed_at_once(deed: str, cause: str) -> None:
    start = time.monotonic()
    message = r"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly"
    with pytest.raises(RuntimeError, match=message) as caught:
        list(DataLoader(sets.Misbehaving(deed), num_workers=2))
    assert cause in str(caught.value.__cause__)
    assert time.monotonic() - start < 10
    del caught


def test_timeout() -> None:
    loader = DataLoader(sets.Misbehaving("sleep"), num_workers=1, timeout=1)
    with pytest.raises(RuntimeError, match="DataLoader timed out after 1 seconds"):
        list(loader)


def test_unpicklable_batch_and_arguments() -> None:
    with pytest.raises(Exception, match="in DataLoader worker process 0"):
        list(DataLoader(range(2), num_workers=1, collate_fn=sets.as_lambda))
    with (
        pytest.warns(UserWarning, match="Got pickle error when attempting to start a worker"),
        pytest.raises(Exception, match="lambda"),
    ):
        list(DataLoader(range(2), num_workers=1, collate_fn=lambda batch: batch))


def test_abandoned_iterator_ends_its_workers() -> None:
    for batch in DataLoader(sets.Mixed(), num_workers=2):
        assert batch["large"].shape == (1, sets.LARGE)
        break


def test_start_methods() -> None:
    loader = DataLoader(sets.Mixed(2), num_workers=1, multiprocessing_context="spawn")
    assert [batch["number"][0].item() for batch in loader] == [0, 1]
    context = multiprocessing.get_context("forkserver")
    assert DataLoader([1], num_workers=1, multiprocessing_context=context)
    with pytest.raises(ValueError, match="should specify a valid start method in"):
        DataLoader([1], num_workers=1, multiprocessing_context="teleport")
    with pytest.raises(TypeError, match="should be a valid context object"):
        DataLoader([1], num_workers=1, multiprocessing_context=7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="can only be used with multi-process loading"):
        DataLoader([1], multiprocessing_context="spawn")


def test_full_shared_memory_falls_back_to_the_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = multiprocessing.Pipe(duplex=False)
    data = {"x": flambeau.ones(20_000)}
    monkeypatch.setattr(transport, "_create_segment", lambda name, size: None)
    inbox = transport.Inbox(reader, "fl_test_none")


    sender = threading.Thread(target=transport.Outbox(writer, "fl_test_none").send, args=(0, data))
    sender.start()
    message, buffers, segment = inbox.receive()
    sender.join()
    assert segment is None
    assert transport.decode(message, buffers)["x"].sum().item() == 20_000
    inbox.close()
    writer.close()


def test_segments_are_reused_and_grow() -> None:
    reader, writer = multiprocessing.Pipe(duplex=False)
    prefix = f"fl_test_{os.getpid()}"
    outbox, inbox = transport.Outbox(writer, prefix), transport.Inbox(reader, prefix)
    used = []
    for size in (20_000, 20_100, 60_000, 20_000):
        outbox.send(size, numpy.arange(size))
        message, buffers, segment = inbox.receive()
        assert segment is not None and segments() == []
        outbox.release(segment)
        used.append(segment)
        assert transport.decode(message, buffers).sum() == size * (size - 1) // 2
    assert used == [0, 0, 1, 1]
    outbox.send("never read", numpy.zeros(200_000))
    writer.close()
    inbox.close()
    del outbox


SCRIPT = textwrap.dedent(
    """
    import sys, time
    import flambeau
    from flambeau.utils.data import DataLoader, Dataset

    class InMain(Dataset):
        def __len__(self):
            return 1000
        def __getitem__(self, index):
            if index > 20:
                time.sleep(0.5)
            return flambeau.full((50_000,), float(index))

    def collate(batch):
        return flambeau.stack(batch)

    if __name__ == "__main__":
        loader = DataLoader(InMain(), batch_size=2, num_workers=2, collate_fn=collate,
                            persistent_workers="persistent" in sys.argv)
        iterator = iter(loader)
        print([worker.pid for worker in iterator._workers], flush=True)
        for number, batch in enumerate(iterator):
            if number == 5:
                print(int(batch[0, 0].item()), flush=True)
            if number == 5 and "leave" in sys.argv:
                sys.exit()
            if number == 5 and "fail" in sys.argv:
                raise ValueError("user error")
    """
)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize(
    "ending", ["interrupt", "interrupt persistent", "leave", "fail", "kill", "terminate"]
)
def test_scripts_leave_nothing_behind(tmp_path: Path, ending: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    root = str(Path(flambeau.__file__).parents[1])
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), root]))
    with subprocess.Popen(
        [sys.executable, str(script), *ending.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().strip("[]\n").split(",")]
        assert process.stdout.readline() == "10\n"
        if ending.startswith("interrupt"):
            time.sleep(0.2)
            os.killpg(process.pid, signal.SIGINT)  # Ctrl-C reaches the whole group
        elif ending in ("kill", "terminate"):
            process.send_signal(signal.SIGKILL if ending == "kill" else signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    if ending.startswith("interrupt"):
        assert errors.rstrip().endswith("KeyboardInterrupt")
        assert errors.count("Traceback") == 1
    elif ending == "fail":
        assert errors.rstrip().endswith("ValueError: user error")
    elif ending == "leave":
        assert errors == ""
    deadline = time.monotonic() + 15
    while (any(map(alive, pids)) or segments()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, pids))
    assert segments() == []
