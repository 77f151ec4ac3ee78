"""Versions: flambeau's own, and the PyTorch release whose behaviour it follows."""

__version__ = "0.1.0"
torch_version = "2.13.0"
cuda: str | None = None  # the CUDA release that PyTorch would have been built with
hip: str | None = None  # the ROCm release, likewise
