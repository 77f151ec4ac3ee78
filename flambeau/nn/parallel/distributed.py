"""Data parallelism over processes: with a group of one, the module itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from flambeau.distributed import get_world_size
from flambeau.distributed import group as _groups
from flambeau.nn.modules.module import Module

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """Averages gradients over the processes of a group; with one process it calls the module.

    Args:
        module: the module to call; its parameters are found under the prefix `module.`.
        process_group: the group. Default: the default group.
        device_ids, output_device, dim, broadcast_buffers, init_sync, bucket_cap_mb,
            find_unused_parameters, check_reduction, gradient_as_bucket_view, static_graph, …:
            accepted; they concern devices and the traffic between processes.

    Raises:
        ValueError: there is no process group.
        RuntimeError: no parameter requires a gradient.

    Source: torch.nn.parallel.DistributedDataParallel.
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None,
                 dim: int = 0, broadcast_buffers: bool | None = None, init_sync: bool = True,
                 process_group: Any = None, bucket_cap_mb: float | None = None,
                 find_unused_parameters: bool = False, check_reduction: bool = False,
                 gradient_as_bucket_view: bool = False, static_graph: bool = False,
                 delay_all_reduce_named_params: Any = None, param_to_hook_all_reduce: Any = None,
                 mixed_precision: Any = None, device_mesh: Any = None,
                 skip_all_reduce_unused_params: bool = False,
                 bucket_cap_mb_list: list[float] | None = None, batched_grad_copy: bool = False,
                 forward_sync_buffers: bool | None = None) -> None:
        super().__init__()
        get_world_size(process_group)
        if not any(p.requires_grad for p in module.parameters()):
            raise RuntimeError("DistributedDataParallel is not needed when a module doesn't have "
                               "any parameter that requires a gradient.")
        self.module = module
        self.process_group = process_group or _groups.WORLD
        self.device_ids = None
        self.require_backward_grad_sync = True

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Call the module."""
        return self.module(*inputs, **kwargs)

    @contextlib.contextmanager
    def no_sync(self) -> Iterator[None]:
        """A block in which gradients are added up without being averaged over processes."""
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    @contextlib.contextmanager
    def join(self, divide_by_initial_world_size: bool = True, enable: bool = True,
             throw_on_early_termination: bool = False) -> Iterator[None]:
        """A block in which processes may have different numbers of batches: there is one."""
        yield
