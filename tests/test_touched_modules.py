"""Modules that programs of one machine merely touch: they answer, or say what to do instead."""

from __future__ import annotations

import gzip
import json
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
from both_libraries import both

import flambeau
from flambeau import distributed as dist
from flambeau import jit, multiprocessing, nn
from flambeau.profiler import profile, record_function, schedule, tensorboard_trace_handler


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A process group of this process, found in the environment."""
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    dist.init_process_group("nccl")
    yield
    dist.destroy_process_group()


# ---- distributed ---------------------------------------------------------------------------------

def test_without_a_group() -> None:
    """Questions have answers; all else says how to begin."""
    assert dist.is_available() and not dist.is_initialized()
    for call in (dist.get_rank, dist.get_world_size, dist.barrier,
                 lambda: dist.all_reduce(flambeau.ones(1)),
                 lambda: nn.parallel.DistributedDataParallel(nn.Linear(1, 1))):
        with pytest.raises(ValueError, match="make sure to call init_process_group"):
            call()
    with pytest.raises(ValueError, match="environment variable RANK expected"):
        dist.init_process_group("gloo")
    with pytest.raises(RuntimeError, match="WORLD_SIZE=1"):
        dist.init_process_group("gloo", rank=0, world_size=2)
    with pytest.raises(AssertionError, match="Unknown backend"):
        dist.init_process_group("pigeons", rank=0, world_size=1)


def test_collectives_of_one(alone: None) -> None:
    """Values stay, gathered lists hold them, other ranks do not exist."""
    x = flambeau.arange(3.0)
    work = dist.all_reduce(x, op=dist.ReduceOp.SUM, async_op=True)
    assert work is not None and work.wait()
    dist.broadcast(x, src=0)
    gathered = [flambeau.zeros(3)]
    dist.all_gather(gathered, x)
    whole, part = flambeau.zeros(1, 3), flambeau.zeros(3)
    dist.all_gather_into_tensor(whole, x)
    dist.reduce_scatter(part, [x])
    objects = [None]
    dist.all_gather_object(objects, {"a": 1})
    assert gathered[0].tolist() == part.tolist() == whole[0].tolist() == x.tolist() == [0, 1, 2]
    assert objects == [{"a": 1}]
    assert (dist.get_rank(), dist.get_world_size(), dist.get_backend()) == (0, 1, "nccl")
    with pytest.raises(RuntimeError, match="invalid root rank: 1"):
        dist.broadcast(x, 1)
    with pytest.raises(ValueError, match="should not be the same"):
        dist.send(x, 0)
    with pytest.raises(ValueError, match="twice"):
        dist.init_process_group("gloo", rank=0, world_size=1)


def test_a_wrapped_module_trains(alone: None) -> None:
    """Keys have the prefix, gradients reach the module, the sampler asks the group."""
    model = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
    assert list(model.state_dict()) == ["module.weight", "module.bias"]
    with model.no_sync():
        model(flambeau.ones(3, 2)).sum().backward()
    assert model.module.weight.grad.tolist() == [[3, 3]]
    sampler = flambeau.utils.data.distributed.DistributedSampler(range(4), shuffle=False)
    assert list(sampler) == [0, 1, 2, 3]


# ---- processes -----------------------------------------------------------------------------------

def put_sum(number: int, queue: Any, values: flambeau.Tensor) -> None:
    """Puts the process's number and a tensor into a queue."""
    queue.put((number, values + number))


def fail(number: int) -> None:
    """Fails in the second process."""
    if number == 1:
        raise ValueError("the second process fails")


def leave(number: int) -> None:
    """Ends with an exit code."""
    os._exit(3)


def test_spawn() -> None:
    """Tensors go to processes and come back; a failure is raised with its traceback."""
    queue = multiprocessing.get_context("spawn").SimpleQueue()
    multiprocessing.spawn(put_sum, (queue, flambeau.ones(2)), nprocs=2)
    results = dict(queue.get() for _ in range(2))
    assert {n: t.tolist() for n, t in results.items()} == {0: [1, 1], 1: [2, 2]}
    with pytest.raises(multiprocessing.ProcessRaisedException, match="the second process fails"):
        multiprocessing.spawn(fail, nprocs=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads
        with pytest.raises(multiprocessing.ProcessExitedException, match="exit code 3") as caught:
            multiprocessing.start_processes(leave, nprocs=1, start_method="fork")
    assert caught.value.exit_code == 3


def test_names_of_the_standard_module() -> None:
    """What Python's multiprocessing has is there."""
    for name in ("Process", "Queue", "Pool", "Manager", "Event", "set_start_method", "cpu_count"):
        assert hasattr(multiprocessing, name)
    with pytest.raises(AssertionError, match="invalid sharing strategy"):
        multiprocessing.set_sharing_strategy("pigeons")


# ---- profiler ------------------------------------------------------------------------------------

def test_a_profile_of_steps(tmp_path: Path) -> None:
    """Two of six steps are recorded, nested ranges have their own time, a trace is written."""
    ready = []
    with profile(schedule=schedule(wait=1, warmup=1, active=2, repeat=1),
                 on_trace_ready=ready.append) as prof:
        for _ in range(6):
            with record_function("outer"), record_function("inner"):
                flambeau.ones(10, 10).exp().sum().item()
            prof.step()
    assert ready == [prof]
    rows = {row.key: row for row in prof.key_averages()}
    outer, inner = rows["outer"], rows["inner"]
    assert outer.count == inner.count == 2
    assert outer.cpu_time_total >= inner.cpu_time_total > inner.self_cpu_time_total
    assert outer.self_cpu_time_total <= outer.cpu_time_total - inner.cpu_time_total + 1e-6
    (flush,) = [row for key, row in rows.items() if key.startswith("flush (item)")]
    assert flush.count == 2
    assert prof.key_averages().table(sort_by="cpu_time_total").count("\n") == 7
    tensorboard_trace_handler(str(tmp_path / "log"), use_gzip=True)(prof)
    (path,) = (tmp_path / "log").iterdir()
    trace = json.loads(gzip.decompress(path.read_bytes()))
    assert sorted(e["name"] for e in trace["traceEvents"] if e["cat"] == "range") == [
        "inner", "inner", "outer", "outer"]


def test_ranges_as_decorators_and_schedules() -> None:
    """A decorated function is a range; impossible schedules are refused."""
    @record_function("marked")
    def double(x: flambeau.Tensor) -> flambeau.Tensor:
        return 2 * x
    with flambeau.autograd.profiler.profile(use_cuda=False) as prof:
        assert double(flambeau.ones(1)).item() == 2
    assert "marked" in prof.table()
    with pytest.raises(AssertionError, match="Invalid profiler schedule"):
        schedule(wait=-1, warmup=1, active=1)
    with pytest.warns(UserWarning, match="warmup"):
        plan = schedule(wait=0, warmup=0, active=1, skip_first=2)
    assert [plan(step).value for step in range(4)] == [0, 0, 3, 3]


# ---- compiling, scripting, exporting -------------------------------------------------------------

def test_compile_returns_what_it_is_given() -> None:
    """With and without arguments, as a function and as a decorator."""
    net = nn.Linear(2, 1)
    assert flambeau.compile(net, mode="max-autotune") is net

    @flambeau.compile(dynamic=True)
    def double(x: flambeau.Tensor) -> flambeau.Tensor:
        return 2 * x

    @flambeau.compiler.disable
    def triple(x: flambeau.Tensor) -> flambeau.Tensor:
        return 3 * x
    assert double(triple(flambeau.ones(1))).item() == 6
    assert not flambeau.compiler.is_compiling()
    flambeau._dynamo.config.suppress_errors = True
    flambeau._dynamo.reset()


def test_the_precision_of_products_is_remembered() -> None:
    """Set and read back; unknown ones are refused."""
    before = flambeau.get_float32_matmul_precision()
    flambeau.set_float32_matmul_precision("high")
    assert flambeau.get_float32_matmul_precision() == "high"
    flambeau.set_float32_matmul_precision(before)
    with pytest.raises(RuntimeError, match="Unknown precision"):
        flambeau.set_float32_matmul_precision("low")


class Scripted(nn.Module):
    """A module with TorchScript's decorators."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    @jit.export
    def score(self, x: flambeau.Tensor) -> flambeau.Tensor:
        """Calls the layer."""
        return self.layer(x)

    @jit.ignore
    def note(self) -> str:
        """Left alone."""
        return "note"

    @jit.unused
    def rest(self) -> str:
        """Left out."""
        return "rest"

    def forward(self, x: flambeau.Tensor) -> flambeau.Tensor:
        """Scores the input."""
        return self.score(x) if not jit.is_scripting() else x


def test_scripting_saves_and_loads_the_module(tmp_path: Path) -> None:
    """The module itself is written; TorchScript's own files are refused with advice."""
    net = Scripted()
    assert jit.script(net) is net and jit.trace(net, flambeau.ones(1, 2)) is net
    assert net.note() + net.rest() == "noterest"
    path = tmp_path / "model.pt"
    jit.save(net, path)
    x = flambeau.ones(1, 2)
    assert jit.load(path)(x).item() == net(x).item()
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        archive.writestr("script/constants.pkl", b"")
    with pytest.raises(RuntimeError, match="load its state_dict"):
        jit.load(tmp_path / "script.pt")
    with pytest.raises(RuntimeError, match="eval mode"):
        jit.freeze(net)
    assert jit.freeze(net.eval()) is net


def test_export_to_onnx_says_what_to_do() -> None:
    """There is no exporter, but PyTorch reads the weights."""
    with pytest.raises(RuntimeError, match="export it there"):
        flambeau.onnx.export(nn.Linear(1, 1), flambeau.ones(1), "model.onnx")
    assert not flambeau.onnx.is_in_onnx_export()


# ---- hub -----------------------------------------------------------------------------------------

def test_hub_keeps_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is fetched once, checked by its hash, and read from the folder afterwards."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    assert flambeau.hub.get_dir() == str(tmp_path / "home" / "hub")
    source = tmp_path / "weights-00000000.pth"
    flambeau.save({"w": flambeau.ones(2)}, source)
    url = source.as_uri()
    with pytest.raises(RuntimeError, match="invalid hash value"):
        flambeau.hub.load_state_dict_from_url(url, progress=False, check_hash=True)
    assert flambeau.hub.load_state_dict_from_url(url, progress=False)["w"].tolist() == [1, 1]
    source.unlink()
    loaded = flambeau.utils.model_zoo.load_url(url, progress=False, map_location="cpu")
    assert loaded["w"].tolist() == [1, 1]
    with pytest.raises(RuntimeError, match=r"Put the file .*absent.pth into"):
        flambeau.hub.load_state_dict_from_url((tmp_path / "absent.pth").as_uri(), progress=False)


def test_hub_runs_local_repositories_only(tmp_path: Path) -> None:
    """Entry points of hubconf.py; nothing from GitHub."""
    (tmp_path / "hubconf.py").write_text(
        "dependencies = ['torch']\ndef net(width=1):\n    'Makes one.'\n    return [width]\n")
    assert flambeau.hub.load(tmp_path, "net", source="local", width=3) == [3]
    assert flambeau.hub.list(tmp_path, source="local") == ["net"]
    assert flambeau.hub.help(tmp_path, "net", source="local") == "Makes one."
    with pytest.raises(RuntimeError, match="Cannot find callable nothing"):
        flambeau.hub.load(tmp_path, "nothing", source="local")
    with pytest.raises(RuntimeError, match="does not fetch and run code"):
        flambeau.hub.load("pytorch/vision", "resnet18")
    with pytest.raises(ValueError, match="Unknown source"):
        flambeau.hub.load(tmp_path, "net", source="gitlab")


# ---- devices that are not there ------------------------------------------------------------------

@pytest.mark.parametrize("name, error", [
    ("accelerator", RuntimeError), ("mps", RuntimeError), ("xpu", AssertionError)])
def test_devices_are_said_to_be_absent(name: str, error: type[Exception]) -> None:
    """Questions have answers; requests raise PyTorch's errors."""
    module = getattr(flambeau, name)
    assert not module.is_available() and module.device_count() == 0
    with pytest.raises(error):
        module.synchronize()


def test_cuda_types_have_no_instances() -> None:
    """Old programs choose between the CPU's types and CUDA's."""
    kind = flambeau.cuda.FloatTensor if flambeau.cuda.is_available() else flambeau.FloatTensor
    assert kind(2).shape == (2,)
    assert not isinstance(flambeau.ones(1), flambeau.cuda.FloatTensor)
    with pytest.raises(TypeError, match="type torch.cuda.LongTensor not available"):
        flambeau.cuda.LongTensor(2)
    for call in (flambeau.ones(1).cuda, nn.Linear(1, 1).cuda):
        with pytest.raises(AssertionError, match="not compiled with CUDA"):
            call()
    assert flambeau.accelerator.current_accelerator() is None


# ---- names that programs touch on the way -------------------------------------------------------

def test_foreach() -> None:
    """Each tensor of a list gets its operand: a tensor, an entry of a list, or the same number."""
    both("""
        def lists():
            torch.manual_seed(0)
            return [[torch.rand(n) + 0.5 for n in (2, 3)] for _ in range(3)]
        for name in "abs exp sqrt neg reciprocal sigmoid round sign lgamma trunc".split():
            a, b, c = lists()
            print(getattr(torch, "_foreach_" + name)(a))
            print(getattr(torch, f"_foreach_{name}_")(a), a)
        for name in "add sub mul div pow maximum minimum clamp_max clamp_min".split():
            for other in (lists()[1], 0.7, [1.0, 0.25]):
                a = lists()[0]
                print(name, getattr(torch, "_foreach_" + name)(a, other))
                getattr(torch, f"_foreach_{name}_")(a, other)
                print(a)
        a, b, c = lists()
        print(torch._foreach_add(a, b, alpha=2), torch._foreach_add(a, torch.tensor(2.0)))
        print(torch._foreach_addcmul(a, b, c, 0.5), torch._foreach_addcdiv(a, b, c, [1.0, 2.0]))
        print(torch._foreach_addcmul(a, b, c, torch.tensor([1.0, 2.0])))
        torch._foreach_addcdiv_(a, b, c, value=2)
        print(a, torch._foreach_lerp(a, b, 0.25), torch._foreach_lerp(a, b, c))
        print(torch._foreach_norm(a), torch._foreach_norm(a, float("inf")), torch._foreach_max(a))
        print(torch._foreach_pow(2.0, a))
        torch._foreach_copy_(a, b)
        torch._foreach_zero_(b)
        print(a, b)
        attempt(lambda: torch._foreach_add(a, [b[0]]))
        attempt(lambda: torch._foreach_add(a, [1.0]))
        attempt(lambda: torch._foreach_sqrt([]))
    """)


def test_demands() -> None:
    """Conditions hold, or raise with the program's message."""
    both("""
        no = lambda: "no"
        for name in "_check _check_value _check_index _check_type _check_not_implemented".split():
            check = getattr(torch, name)
            print(check(True))
            attempt(lambda: check(False))
            attempt(lambda: check(False, no))
            attempt(lambda: check(torch.tensor(False), no))
            attempt(lambda: check(1, no))
            attempt(lambda: check(False, "no"))
        attempt(lambda: torch._check_tensor_all(torch.tensor([True, False]), no))
        attempt(lambda: torch._check_tensor_all(torch.ones(2), no))
        attempt(lambda: torch._assert(False, "no"))
        attempt(lambda: torch._assert_async(torch.tensor(0)))
        attempt(lambda: torch._assert_async(torch.tensor(0.0), "no"))
        print(torch._assert_async(torch.tensor(2)))
    """)


def test_attention_kernels_by_their_switches() -> None:
    """Each kernel can be forbidden; the old context manager warns and puts them back."""
    both("""
        x = torch.ones(1, 1, 2, 4)
        cuda = torch.backends.cuda
        print(cuda.flash_sdp_enabled(), cuda.math_sdp_enabled(), cuda.mem_efficient_sdp_enabled())
        for choice in ({}, {"enable_math": False}, {"enable_flash": False},
                       {"enable_math": False, "enable_flash": False}):
            with cuda.sdp_kernel(**choice):
                attempt(lambda: nn.functional.scaled_dot_product_attention(x, x, x))
        cuda.enable_flash_sdp(False)
        cuda.enable_math_sdp(False)
        attempt(lambda: nn.functional.scaled_dot_product_attention(x, x, x))
        cuda.enable_flash_sdp(True)
        cuda.enable_math_sdp(True)
        print(cuda.flash_sdp_enabled(), cuda.math_sdp_enabled(), cuda.is_built())
    """)


def test_names_in_their_modules() -> None:
    """Names that public programs import, under the module they import them from."""
    assert flambeau.serialization.add_safe_globals is flambeau.checkpoint.add_safe_globals
    assert flambeau.serialization.load is flambeau.load
    assert isinstance(1, flambeau.types.Number) and flambeau.types.Storage
    assert issubclass(flambeau.OutOfMemoryError, RuntimeError)
    assert flambeau.cuda.OutOfMemoryError is flambeau.OutOfMemoryError
    with flambeau.cuda.stream(None):
        assert not flambeau.cuda._initialized
    assert flambeau.version.hip is None
    assert flambeau.utils.checkpoint.get_device_states(flambeau.ones(1)) == ([], [])
    flambeau.utils.checkpoint.set_device_states([], [])


def test_collectives_with_gradients(alone: None) -> None:
    """Collectives of one process let gradients through."""
    x = flambeau.ones(2, requires_grad=True)
    whole = flambeau.stack(dist.nn.all_gather(dist.nn.functional.all_reduce(x)))
    whole.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    assert dist.Backend("GLOO") == dist.Backend.GLOO and dist.ReduceOp.RedOpType is dist.ReduceOp


def test_futures() -> None:
    """Values and exceptions arrive at whoever waits, once."""
    both("""
        future = torch.futures.Future()
        later = future.then(lambda done: done.value() + 1)
        print(future.done(), later.done())
        future.set_result(2)
        print(later.wait(), torch.futures.wait_all([future, later]))
        wrong = torch.futures.Future()
        after = wrong.then(lambda done: done.value())
        wrong.set_exception(ValueError("no"))
        attempt(wrong.wait)
        print(torch.futures.collect_all([future, later]).wait()[1].value())
    """)


def test_swapped_tensors() -> None:
    """Two objects exchange what they hold; conversion keeps parameters' identity either way."""
    both("""
        a, b = torch.arange(2), torch.ones(3, requires_grad=True)
        torch.utils.swap_tensors(a, b)
        (a * 2).sum().backward()
        print(a, b, a.grad, b.requires_grad)
        future = torch.__future__
        print(future.get_swap_module_params_on_conversion())
        future.set_swap_module_params_on_conversion(True)
        layer = nn.Linear(2, 2)
        weight = layer.weight
        layer.to(torch.float64)
        print(layer.weight is weight, weight.dtype)
        print(future.get_swap_module_params_on_conversion())
        future.set_swap_module_params_on_conversion(False)
    """)


def _write(flag: Any, part: Any, layer: Any, plain: Any) -> None:
    """What the other process does: writes into what it was given."""
    flag.fill_(7)
    part[1] = 9
    plain.fill_(5)
    with flambeau.no_grad():
        layer.weight.mul_(2)
    step = flambeau.optim.SGD([layer.bias], lr=1.0)
    layer.bias.grad = flambeau.ones(2)
    step.step()


def test_spawned_processes_write_into_shared_memory() -> None:
    """Tensors, views and parameters in shared memory are the same in both processes."""
    flag, plain = flambeau.zeros(2, 3).share_memory_(), flambeau.zeros(2)
    part = flag.t()[1:]
    layer = nn.Linear(3, 2).share_memory()
    weight, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    other = multiprocessing.get_context("spawn").Process(
        target=_write, args=(flag, part, layer, plain))
    other.start()
    other.join()
    assert other.exitcode == 0
    assert flag.tolist() == [[7, 7, 9], [7, 7, 9]] and part[1].tolist() == [9, 9]
    assert flambeau.equal(layer.weight, 2 * weight)
    assert flambeau.allclose(layer.bias, bias - 1)
    assert plain.tolist() == [0, 0] and flag.is_shared() and not plain.is_shared()
