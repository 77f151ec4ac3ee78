"""`python -m flambeau info`: what a bug report needs."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from flambeau.engines.disk_cache import cache_folder, disk_cache
from flambeau.engines.threads import get_num_threads
from flambeau.version import __version__, torch_version

PACKAGES = ("numpy", "llvmlite", "ml_dtypes", "matplotlib", "pillow", "jax", "torch")


def installed_version(package: str) -> str:
    """Returns the version of an installed distribution, or "not installed"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def usable_processors() -> int:
    """Returns how many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_features() -> str:
    """Returns the processor features that compiled code may use."""
    jit = importlib.import_module("flambeau.compiler.jit")  # LLVM: not for every command
    return " ".join(name[1:] for name in jit.features().split(",") if name[0] == "+")


def cache_state() -> str:
    """Returns the folder of compiled code, how many files it holds and their size."""
    folder = cache_folder()
    if folder is None:
        return "off"
    files, size = disk_cache().size()
    return f"{folder}, {files} files, {size / 1e6:.1f} MB"


def info(arguments: list[str]) -> int:
    """Prints versions, the machine, what compiled code has of it, and environment variables."""
    if arguments:
        print("usage: python -m flambeau info", file=sys.stderr)
        return 2
    rows = {"flambeau": f"{__version__}, after PyTorch {torch_version}",
            "python": platform.python_version(), "system": platform.platform(),
            "machine": platform.machine(), "processors": str(usable_processors()),
            "threads": str(get_num_threads()), "features": processor_features(),
            "cache": cache_state()}
    rows |= {package: installed_version(package) for package in PACKAGES}
    rows |= {name: value for name, value in sorted(os.environ.items())
             if name.startswith("FLAMBEAU_")}
    for name, value in rows.items():
        print(f"{name:<12} {value}")
    return 0
