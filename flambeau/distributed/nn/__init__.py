"""`torch.distributed.nn`: collectives that gradients pass through."""

from . import functional as functional
from .functional import all_gather, all_reduce, broadcast, gather, reduce, scatter

__all__ = ["all_gather", "all_reduce", "broadcast", "functional", "gather", "reduce", "scatter"]
