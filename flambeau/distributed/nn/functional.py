"""Collectives that gradients pass through; in a group of one each returns its input's values."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from .. import ReduceOp, _require

__all__ = ["all_gather", "all_reduce", "broadcast", "gather", "reduce", "scatter"]


def all_reduce(tensor: Tensor, op: ReduceOp = ReduceOp.SUM, group: Any = None) -> Tensor:
    """Combine the tensors of all processes.

    Args:
        tensor: this process's.
        op: how they become one. Default: their sum.
        group: the processes. Default: all.

    Returns:
        The result: a copy of `tensor`.
    """
    _require(group)
    return tensor.clone()


def reduce(tensor: Tensor, dst: int, op: ReduceOp = ReduceOp.SUM, group: Any = None) -> Tensor:
    """Combine the tensors of all processes for one of them.

    Args:
        tensor: this process's.
        dst: the process that gets the result.
        op: how they become one. Default: their sum.
        group: the processes. Default: all.

    Returns:
        The result: a copy of `tensor`.
    """
    return all_reduce(tensor, op, group)


def broadcast(tensor: Tensor, src: int, group: Any = None) -> Tensor:
    """Give every process the tensor of one.

    Args:
        tensor: this process's.
        src: the process that has it.
        group: the processes. Default: all.

    Returns:
        A copy of `tensor`.
    """
    _require(group)
    return tensor.clone()


def all_gather(tensor: Tensor, group: Any = None) -> tuple[Tensor, ...]:
    """Collect the tensors of all processes.

    Args:
        tensor: this process's.
        group: the processes. Default: all.

    Returns:
        One tensor per process: a copy of `tensor`.
    """
    _require(group)
    return (tensor.clone(),)


def gather(tensor: Tensor, dst: int = 0, group: Any = None) -> tuple[Tensor, ...]:
    """Collect the tensors of all processes on one of them.

    Args:
        tensor: this process's.
        dst: the process that collects. Default: 0.
        group: the processes. Default: all.

    Returns:
        One tensor per process: a copy of `tensor`.
    """
    return all_gather(tensor, group)


def scatter(tensors: list[Tensor], src: int = 0, group: Any = None) -> Tensor:
    """Give each process one tensor of a list.

    Args:
        tensors: one for each process.
        src: the process that has them. Default: 0.
        group: the processes. Default: all.

    Returns:
        A copy of this process's tensor.
    """
    _require(group)
    [only] = tensors
    return only.clone()
