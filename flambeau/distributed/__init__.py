"""`torch.distributed` on one process: a group of one, whose collectives leave values as they are.

Programs written for many processes run with `world_size=1`. More processes are refused: flambeau
uses all cores of a machine from one process.
"""

from __future__ import annotations

import copy
import enum
import importlib
import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn

from ..tensor import Tensor

default_pg_timeout = timedelta(minutes=30)
BACKENDS = ("gloo", "nccl", "mpi", "ucc", "xccl")
_UNINITIALIZED = ("Default process group has not been initialized, please make sure to call "
                  "init_process_group.")


class Backend(str):
    """The name of a library that moves values between processes.

    Args:
        name: its name in any case.
    """

    UNDEFINED = "undefined"
    GLOO = "gloo"
    NCCL = "nccl"
    UCC = "ucc"
    MPI = "mpi"
    XCCL = "xccl"
    __slots__ = ()

    def __new__(cls, name: str) -> Backend:
        if not isinstance(name, str):
            raise ValueError(f"Backend constructor parameter must be string-ish, got {name!r}")
        return super().__new__(cls, name.lower())


class ReduceOp(enum.Enum):
    """How values of several processes become one."""

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7
    PREMUL_SUM = 8


ReduceOp.RedOpType = ReduceOp  # type: ignore[attr-defined]  # the name that annotations use


class Work:
    """A collective that is done."""

    def wait(self, timeout: Any = None) -> bool:
        """Return at once."""
        return True

    def is_completed(self) -> bool:
        """Whether it is done: yes."""
        return True

    def is_success(self) -> bool:
        """Whether it went well: yes."""
        return True


class ProcessGroup:
    """A group of one process."""

    def __init__(self, backend: str) -> None:
        self.backend = backend

    def rank(self) -> int:
        """This process's number: 0."""
        return 0

    def size(self) -> int:
        """The number of processes: 1."""
        return 1


class group:
    """The default group, as `group.WORLD`."""

    WORLD: ProcessGroup | None = None


GroupMember = group


# ---- the group -----------------------------------------------------------------------------------

def is_available() -> bool:
    """Whether the package can be used: yes, with one process."""
    return True


def is_initialized() -> bool:
    """Whether the default group exists."""
    return group.WORLD is not None


def is_nccl_available() -> bool:
    """Whether NVIDIA's collectives are there: no."""
    return False


is_mpi_available = is_ucc_available = is_xccl_available = is_nccl_available


def is_gloo_available() -> bool:
    """Whether collectives on the CPU are there: those of one process."""
    return True


def is_backend_available(backend: str) -> bool:
    """Whether a backend is there."""
    return backend.lower() == "gloo"


def is_torchelastic_launched() -> bool:
    """Whether `torchrun` started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def init_process_group(backend: str | None = None, init_method: str | None = None,
                       timeout: Any = None, world_size: int = -1, rank: int = -1, store: Any = None,
                       group_name: str = "", pg_options: Any = None, device_id: Any = None,
                       _ranks: Any = None) -> None:
    """Make the default group, of this process alone.

    Args:
        backend: accepted, any of PyTorch's names. Default: "gloo".
        init_method: accepted; "env://" takes rank and size from RANK and WORLD_SIZE.
        world_size: must be 1.
        rank: must be 0.
        timeout, store, group_name, pg_options, device_id: accepted.

    Raises:
        ValueError: there is a group already, or rank or size is not given.
        RuntimeError: for more than one process.

    Example:
        >>> import flambeau.distributed as dist
        >>> dist.init_process_group("gloo", rank=0, world_size=1)
        >>> dist.get_world_size()
        1
        >>> dist.destroy_process_group()

    Source: torch.distributed.init_process_group.
    """
    if group.WORLD is not None:
        raise ValueError("trying to initialize the default process group twice!")
    name = (backend or "gloo").lower()
    for part in name.split(","):
        if part.rpartition(":")[2] not in BACKENDS:
            raise AssertionError(f"Unknown backend type {backend}")
    if init_method in (None, "env://") and store is None:
        rank = _from_environment("RANK", rank)
        world_size = _from_environment("WORLD_SIZE", world_size)
    if world_size > 1:
        raise RuntimeError(
            f"flambeau computes in one process with all cores of the machine; a group of "
            f"{world_size} processes is not supported. Run the program with WORLD_SIZE=1")
    if rank != 0 or world_size != 1:
        raise ValueError(f"rank must be 0 and world_size 1, not {rank} and {world_size}")
    group.WORLD = ProcessGroup(name)


def _from_environment(name: str, given: int) -> int:
    if given >= 0:
        return given
    if name not in os.environ:
        raise ValueError("Error initializing torch.distributed using env:// rendezvous: "
                         f"environment variable {name} expected, but not set")
    return int(os.environ[name])


def destroy_process_group(group: ProcessGroup | None = None) -> None:
    """End a group; the default one where none is named.

    Raises:
        AssertionError: there is none.
    """
    if _world.WORLD is None:
        raise AssertionError("Process group cannot be None")
    if group is None or group is _world.WORLD:
        _world.WORLD = None


_world = group  # parameters named `group` hide the class


def _require(group: Any = None) -> ProcessGroup:
    found: ProcessGroup | None = _world.WORLD if group is None else group
    if _world.WORLD is None or found is None:
        raise ValueError(_UNINITIALIZED)
    return found


def get_rank(group: ProcessGroup | None = None) -> int:
    """This process's number: 0.

    Raises:
        ValueError: there is no group.
    """
    return _require(group).rank()


def get_world_size(group: ProcessGroup | None = None) -> int:
    """The number of processes: 1.

    Raises:
        ValueError: there is no group.
    """
    return _require(group).size()


def get_backend(group: ProcessGroup | None = None) -> str:
    """The name of the group's backend."""
    return _require(group).backend


def get_default_backend_for_device(device: Any) -> str:
    """The backend for a device: "gloo"."""
    return "gloo"


def get_process_group_ranks(group: ProcessGroup | None) -> list[int]:
    """The processes of a group."""
    _require(group)
    return [0]


def get_global_rank(group: ProcessGroup, group_rank: int) -> int:
    """The number of a group's process among all."""
    return group_rank


get_group_rank = get_global_rank


def new_group(ranks: Sequence[int] | None = None, timeout: Any = None, backend: str | None = None,
              pg_options: Any = None, use_local_synchronization: bool = False,
              group_desc: str | None = None, device_id: Any = None) -> ProcessGroup:
    """A further group of this process.

    Raises:
        ValueError: a rank is not in the default group.
    """
    world = _require()
    if ranks is not None and list(ranks) != [0]:
        raise ValueError("the new group's rank should be within the world_size set by "
                         "init_process_group")
    return ProcessGroup(backend or world.backend)


# ---- collectives ---------------------------------------------------------------------------------

def _root(rank: int | None, group: Any, name: str) -> None:
    _require(group)
    if rank not in (None, 0):
        raise RuntimeError(f"ProcessGroupGloo::{name}: invalid root rank: {rank}")


def _done(async_op: bool) -> Work | None:
    return Work() if async_op else None


def _tensor(value: Any, name: str) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"Invalid function argument. Expected parameter `{name}` of type "
                        f"torch.Tensor\n             but got {type(value)} instead.")
    return value


def all_reduce(tensor: Tensor, op: ReduceOp = ReduceOp.SUM, group: Any = None,
               async_op: bool = False) -> Work | None:
    """Reduce a tensor over all processes, in place: with one process it stays as it is.

    Raises:
        ValueError: there is no group.
    """
    _tensor(tensor, "tensor")
    _require(group)
    return _done(async_op)


def reduce(tensor: Tensor, dst: int | None = None, op: ReduceOp = ReduceOp.SUM, group: Any = None,
           async_op: bool = False, group_dst: int | None = None) -> Work | None:
    """Reduce a tensor to one process: it stays as it is."""
    _tensor(tensor, "tensor")
    _root(dst, group, "reduce")
    return _done(async_op)


def broadcast(tensor: Tensor, src: int | None = None, group: Any = None, async_op: bool = False,
              group_src: int | None = None) -> Work | None:
    """Send a tensor from one process to all: it stays as it is."""
    _tensor(tensor, "tensor")
    _root(src, group, "broadcast")
    return _done(async_op)


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None) -> Work | None:
    """Wait for all processes: there is one."""
    _require(group)
    return _done(async_op)


def monitored_barrier(group: Any = None, timeout: Any = None,
                      wait_all_ranks: bool = False) -> None:
    """Wait for all processes: there is one."""
    _require(group)


def all_gather(tensor_list: list[Tensor], tensor: Tensor, group: Any = None,
               async_op: bool = False) -> Work | None:
    """Gather a tensor of every process into a list: a copy of this one's."""
    _require(group)
    tensor_list[0].copy_(_tensor(tensor, "tensor"))
    return _done(async_op)


def all_gather_into_tensor(output_tensor: Tensor, input_tensor: Tensor, group: Any = None,
                           async_op: bool = False) -> Work | None:
    """Gather a tensor of every process into one: a copy of this one's."""
    _require(group)
    output_tensor.copy_(input_tensor.reshape(output_tensor.shape))
    return _done(async_op)


def gather(tensor: Tensor, gather_list: list[Tensor] | None = None, dst: int | None = None,
           group: Any = None, async_op: bool = False, group_dst: int | None = None) -> Work | None:
    """Gather a tensor of every process into a list on one: a copy of this one's."""
    _root(dst, group, "gather")
    if not gather_list:
        raise ValueError("Argument ``gather_list`` must be specified on destination rank.")
    gather_list[0].copy_(_tensor(tensor, "tensor"))
    return _done(async_op)


def scatter(tensor: Tensor, scatter_list: list[Tensor] | None = None, src: int | None = None,
            group: Any = None, async_op: bool = False, group_src: int | None = None) -> Work | None:
    """Send one tensor of a list to each process: the first to this one."""
    _root(src, group, "scatter")
    if not scatter_list:
        raise ValueError("Argument ``scatter_list`` must be specified on source rank.")
    _tensor(tensor, "tensor").copy_(scatter_list[0])
    return _done(async_op)


def reduce_scatter(output: Tensor, input_list: list[Tensor], op: ReduceOp = ReduceOp.SUM,
                   group: Any = None, async_op: bool = False) -> Work | None:
    """Reduce a list of tensors and give each process one: the first to this one."""
    _require(group)
    _tensor(output, "output").copy_(input_list[0])
    return _done(async_op)


def reduce_scatter_tensor(output: Tensor, input: Tensor, op: ReduceOp = ReduceOp.SUM,
                          group: Any = None, async_op: bool = False) -> Work | None:
    """Reduce a tensor and give each process a part: the whole to this one."""
    _require(group)
    output.copy_(input.reshape(output.shape))
    return _done(async_op)


def all_to_all(output_tensor_list: list[Tensor], input_tensor_list: list[Tensor],
               group: Any = None, async_op: bool = False) -> Work | None:
    """Send a tensor from every process to every one: a copy of this one's to itself."""
    _require(group)
    output_tensor_list[0].copy_(input_tensor_list[0])
    return _done(async_op)


def all_to_all_single(output: Tensor, input: Tensor, output_split_sizes: Any = None,
                      input_split_sizes: Any = None, group: Any = None,
                      async_op: bool = False) -> Work | None:
    """Send a part of a tensor from every process to every one: a copy of the whole."""
    _require(group)
    output.copy_(input)
    return _done(async_op)


def all_gather_object(object_list: list[Any], obj: Any, group: Any = None) -> None:
    """Gather an object of every process into a list: a copy of this one's."""
    _require(group)
    object_list[0] = copy.deepcopy(obj)


def gather_object(obj: Any, object_gather_list: list[Any] | None = None, dst: int | None = None,
                  group: Any = None, group_dst: int | None = None) -> None:
    """Gather an object of every process into a list on one: a copy of this one's."""
    _root(dst, group, "gather")
    if object_gather_list:
        object_gather_list[0] = copy.deepcopy(obj)


def broadcast_object_list(object_list: list[Any], src: int | None = None, group: Any = None,
                          device: Any = None, group_src: int | None = None,
                          use_batch: bool = False) -> None:
    """Send objects from one process to all: they stay as they are."""
    _root(src, group, "broadcast")


def scatter_object_list(scatter_object_output_list: list[Any],
                        scatter_object_input_list: list[Any] | None = None,
                        src: int | None = None, group: Any = None,
                        group_src: int | None = None) -> None:
    """Send one object of a list to each process: the first to this one."""
    _root(src, group, "scatter")
    scatter_object_output_list[0] = (scatter_object_input_list or [None])[0]


def _no_peer(*args: Any, **kwargs: Any) -> NoReturn:
    """Send to, or receive from, another process.

    Raises:
        ValueError: always; there is no other process.
    """
    _require()
    raise ValueError("Invalid destination rank: destination rank should not be the same as the "
                     "rank of the current process.")


send = recv = isend = irecv = send_object_list = recv_object_list = batch_isend_irecv = _no_peer


def __getattr__(name: str) -> object:
    if name in ("algorithms", "nn"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
