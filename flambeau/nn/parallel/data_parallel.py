"""Data parallelism over the GPUs of one machine: on a machine without any, the module itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from flambeau.device import device as Device
from flambeau.nn.modules.module import Module

__all__ = ["DataParallel", "data_parallel"]


class DataParallel(Module):
    """Splits each batch over the machine's GPUs; without a GPU it calls the module on the whole.

    Args:
        module: the module to call; its parameters are found under the prefix `module.`.
        device_ids: the GPUs to use; all by default.
        output_device: where the results are gathered; the first of them by default.
        dim: the dimension of the batch.

    Example:
        >>> import flambeau as torch
        >>> net = torch.nn.DataParallel(torch.nn.Identity())
        >>> net(torch.zeros(2))
        tensor([0., 0.])

    Source: torch.nn.DataParallel
    """

    device_ids: list[int]

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[int | Device] | None = None,
        output_device: int | Device | None = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Call the module.

        Args:
            inputs: its positional arguments.
            kwargs: its keyword arguments.

        Returns:
            Its result.
        """
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Sequence[int | Device] | None = None,
    output_device: int | Device | None = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> NoReturn:
    """Call a module on a batch split over the machine's GPUs.

    Args:
        module: the module.
        inputs: its argument, or a tuple of them.
        device_ids: the GPUs to use; all by default.
        output_device: where the results are gathered; the first of them by default.
        dim: the dimension of the batch.
        module_kwargs: its keyword arguments.

    Raises:
        RuntimeError: the machine has no GPU; PyTorch's CPU build raises the same.

    Source: torch.nn.parallel.data_parallel
    """
    raise RuntimeError("device type could not be determined")
