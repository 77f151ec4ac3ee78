"""The parts of data parallelism: cut the input, copy the module, run the copies, join outputs."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from flambeau.functional.joining import cat, stack
from flambeau.nn.modules.module import Module
from flambeau.tensor.tensor import Tensor

__all__ = ["gather", "parallel_apply", "replicate", "scatter"]


def scatter(inputs: Any, target_gpus: Sequence[Any], dim: int = 0) -> list[Any]:
    """Cut the tensors of a tree into as many chunks as there are devices.

    Args:
        inputs: tensors in lists, tuples and dicts; anything else goes to every device.
        target_gpus: the devices.
        dim: the dimension to cut. Default: 0.

    Returns:
        One tree per device; fewer where the dimension is shorter.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.parallel.scatter((torch.arange(4), "same"), ["cpu", "cpu"])
        [(tensor([0, 1]), 'same'), (tensor([2, 3]), 'same')]

    Source: torch.nn.parallel.scatter
    """
    count = len(target_gpus)
    if isinstance(inputs, Tensor):
        return [part.to(device) for part, device in zip(
            inputs.chunk(count, dim), target_gpus, strict=False)]
    if isinstance(inputs, (list, tuple)) and inputs:
        rows = [list(row) for row in zip(
            *[scatter(item, target_gpus, dim) for item in inputs], strict=False)]
        named = hasattr(inputs, "_fields")
        return [type(inputs)(*row) if named else type(inputs)(row) for row in rows]
    if isinstance(inputs, dict) and inputs:
        rows = [list(row) for row in zip(
            *[scatter(item, target_gpus, dim) for item in inputs.values()], strict=False)]
        return [type(inputs)(zip(inputs, row, strict=True)) for row in rows]
    return [inputs] * count


def gather(outputs: Sequence[Any], target_device: Any, dim: int = 0) -> Any:
    """Join the outputs of several devices to one; the reverse of `scatter`.

    Args:
        outputs: one tree of tensors per device, all of the same structure.
        target_device: where the result lies.
        dim: the dimension to join. Default: 0. Tensors without dimensions become a vector.

    Returns:
        One tree.

    Raises:
        ValueError: where dicts have different sizes.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.parallel.gather([torch.arange(2), torch.arange(2)], "cpu")
        tensor([0, 1, 0, 1])

    Source: torch.nn.parallel.gather
    """
    first = outputs[0]
    if isinstance(first, Tensor):
        join = cat if first.dim() else stack
        return join([out.to(target_device) for out in outputs], dim)
    if first is None:
        return None
    if isinstance(first, dict):
        if any(len(out) != len(first) for out in outputs):
            raise ValueError("All dicts must have the same number of keys")
        return type(first)((key, gather([out[key] for out in outputs], target_device, dim))
                           for key in first)
    joined = [gather(items, target_device, dim) for items in zip(*outputs, strict=True)]
    return type(first)(*joined) if hasattr(first, "_fields") else type(first)(joined)


def replicate(network: Module, devices: Sequence[Any], detach: bool = False) -> list[Module]:
    """Copies of a module that share its parameters: gradients of all add up in the original.

    Args:
        network: the module.
        devices: one copy for each.
        detach: True for copies whose parameters get no gradient. Default: False.

    Returns:
        The copies.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.Linear(2, 1)
        >>> copies = torch.nn.parallel.replicate(layer, ["cpu", "cpu"])
        >>> copies[0].weight is layer.weight, copies[0] is layer
        (True, False)

    Source: torch.nn.parallel.replicate
    """
    shared = [*network.parameters(), *network.buffers()]
    return [copy.deepcopy(network, {id(tensor): tensor.detach() if detach else tensor
                                    for tensor in shared}) for _ in devices]


def parallel_apply(modules: Sequence[Module], inputs: Sequence[Any],
                   kwargs_tup: Sequence[dict[str, Any]] | None = None,
                   devices: Sequence[Any] | None = None) -> list[Any]:
    """Call each module on its own input.

    Args:
        modules: the modules.
        inputs: for each a tuple of arguments, or the only one.
        kwargs_tup: for each its named arguments. Default: none.
        devices: where each runs; there is one.

    Returns:
        The outputs.

    Raises:
        AssertionError: where the numbers differ.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.parallel.parallel_apply([torch.nn.ReLU()], [torch.tensor([-1., 1.])])
        [tensor([0., 1.])]

    Source: torch.nn.parallel.parallel_apply
    """
    if len(modules) != len(inputs):
        raise AssertionError(f"The number of modules {len(modules)} is not equal to the number of "
                             f"inputs {len(inputs)}")
    named = [{}] * len(modules) if kwargs_tup is None else kwargs_tup
    return [module(*(given if isinstance(given, (list, tuple)) else (given,)), **options)
            for module, given, options in zip(modules, inputs, named, strict=True)]
