"""`torch.nn.parallel.scatter_gather`: parts of a batch for several devices."""

from .parts import gather, scatter

__all__ = ["gather", "scatter"]
