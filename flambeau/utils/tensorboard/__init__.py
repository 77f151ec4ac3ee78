"""`torch.utils.tensorboard`: event files that TensorBoard reads, written without it."""

from __future__ import annotations

from .records import FileWriter, RecordWriter
from .writer import SummaryWriter

__all__ = ["FileWriter", "RecordWriter", "SummaryWriter"]
