"""`torch.backends`: switches of the libraries that PyTorch computes with; none is used here.

The switches can be set and read back, so that programs which set them run; they change nothing.
"""

from . import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
