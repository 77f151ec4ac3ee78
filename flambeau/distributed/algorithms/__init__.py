"""`torch.distributed.algorithms`: joining of processes with uneven inputs."""

from . import join as join

__all__ = ["join"]
