"""Whole trainings go on from checkpoints; kills and damage do no harm."""

import importlib.util
import io
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import flambeau as torch
from flambeau.utils.data import DataLoader, RandomSampler, TensorDataset

ROOT = Path(__file__).parents[1]


class Training:
    """Model with dropout, Adam, scheduler and a shuffling loader with a generator of its own."""

    def __init__(self) -> None:
        nn = torch.nn
        self.model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.05)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, 3, 0.5)
        generator = torch.Generator().manual_seed(1)
        data = TensorDataset(torch.arange(80.0).reshape(20, 4) / 80, torch.arange(20.0)[:, None])
        sampler = RandomSampler(data, generator=generator)
        self.loader = DataLoader(data, 4, sampler=sampler, generator=generator)
        self.generator = generator
        self.start = generator.get_state()

    def begin(self) -> Iterator[Any]:
        """Begin an epoch, noting where the order's generator stands."""
        self.start = self.generator.get_state()
        return iter(self.loader)

    def train(self, batches: Iterator[Any], count: int) -> list[float]:
        """Train on the next batches; give their losses."""
        losses = []
        for inputs, targets in itertools.islice(batches, count):
            self.optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(self.model(inputs), targets)
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            losses.append(loss.item())
        return losses

    def epoch(self) -> list[float]:
        """Train on all batches once."""
        return self.train(self.begin(), 5)

    def state(self, position: int) -> dict[str, Any]:
        """Give all that the losses depend on."""
        return {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                "scheduler": self.scheduler.state_dict(), "random": torch.get_rng_state(),
                "order": self.start, "position": position}

    def restore(self, state: dict[str, Any]) -> Iterator[Any]:
        """Take a state; give the rest of the epoch's batches."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.generator.set_state(state["order"])
        batches = self.begin()
        for _ in range(state["position"]):
            next(batches)
        torch.set_rng_state(state["random"])
        return batches


@pytest.fixture
def deterministic() -> Iterator[None]:
    """By default a step changes from NumPy to compiled code as it grows hot, to the last bits."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("position", [0, 2])
def test_training_resumes_to_the_losses_of_an_uninterrupted_run(position: int) -> None:
    torch.manual_seed(0)
    whole = Training()
    whole.epoch()
    batches = whole.begin()
    whole.train(batches, position)
    file = io.BytesIO()
    torch.save(whole.state(position), file)
    expected = whole.train(batches, 5 - position) + whole.epoch()

    torch.manual_seed(99)
    resumed = Training()
    batches = resumed.restore(torch.load(io.BytesIO(file.getvalue())))
    assert resumed.train(batches, 5 - position) + resumed.epoch() == expected


SAVES = """
import itertools, os, random, signal, sys, time
import flambeau as torch

path, chance = sys.argv[1], random.Random(0)
for _ in range(30):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        for number in itertools.count():
            torch.save({"number": number, "values": [float(number)] * 50, "t": torch.ones(9)}, path)
            os.write(writing, b"%d\\n" % number)
    os.close(writing)
    told = os.read(reading, 16)
    time.sleep(chance.random() * 0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reading, 4096):
        told += more
    os.close(reading)
    last, found = int(told.split()[-1]), torch.load(path)
    assert found["number"] in (last, last + 1), (last, found)
    assert found["values"] == [float(found["number"])] * 50
    print(last)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork and SIGKILL")
def test_killed_at_random_moments_the_old_or_the_new_file_loads(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAVES, str(tmp_path / "a.pt")], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 30


def test_mutants_are_refused_or_read_and_never_run() -> None:
    spec = importlib.util.spec_from_file_location(
        "fuzz_checkpoints", ROOT / "tools" / "fuzz_checkpoints.py"
    )
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "fuzz_checkpoints", tool)
        spec.loader.exec_module(tool)
        outcomes, findings = tool.fuzz(2_000, seed=3)
    assert findings == []
    assert sum(outcomes.values()) == 2_000
    assert {key.split()[1] for key in outcomes} == {"read", "refused"}
