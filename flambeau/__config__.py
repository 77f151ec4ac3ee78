"""`torch.__config__`: what the library was built with."""

from __future__ import annotations

from .engines.threads import get_num_threads
from .version import __version__

__all__ = ["parallel_info", "show"]


def show() -> str:
    """Say what the library is built on, in PyTorch's form of switches.

    Example:
        >>> "USE_CUDA=0" in show()
        True
    """
    return (f"flambeau {__version__} built with:\n  - numpy\n  - llvmlite\n"
            "  - Build settings: USE_CUDA=0, USE_MKL=OFF, USE_MKLDNN=OFF, USE_OPENMP=OFF, \n")


def parallel_info() -> str:
    """Say how many threads compute.

    Example:
        >>> "at::get_num_threads()" in parallel_info()
        True
    """
    return f"flambeau:\n\tat::get_num_threads() : {get_num_threads()}\n"
