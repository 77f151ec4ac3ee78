"""`torch.backends.cuda`: switches of CUDA's matrix products and of attention's kernels."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from ..functional.attention import Backends


class MatmulSwitches:
    """How matrix products may round.

    Attributes:
        allow_tf32, allow_fp16_reduced_precision_reduction, allow_bf16_reduced_precision_reduction:
            whether less than full precision is allowed.
    """

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True


matmul = MatmulSwitches()


def is_built() -> bool:
    """Whether CUDA is built in: no."""
    return False


# ---- attention's kernels -------------------------------------------------------------------------

def _enabled(name: str) -> bool:
    return name in Backends.allowed


def _enable(name: str, enabled: bool) -> None:
    others = tuple(other for other in Backends.allowed if other != name)
    Backends.allowed = (*others, name) if enabled else others


def flash_sdp_enabled() -> bool:
    """Whether attention may use the kernel called flash attention."""
    return _enabled("FLASH_ATTENTION")


def enable_flash_sdp(enabled: bool) -> None:
    """Allow or forbid the kernel called flash attention.

    Args:
        enabled: whether it is allowed.
    """
    _enable("FLASH_ATTENTION", enabled)


def mem_efficient_sdp_enabled() -> bool:
    """Whether attention may use the memory-efficient kernel."""
    return _enabled("EFFICIENT_ATTENTION")


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Allow or forbid the memory-efficient kernel.

    Args:
        enabled: whether it is allowed.
    """
    _enable("EFFICIENT_ATTENTION", enabled)


def math_sdp_enabled() -> bool:
    """Whether attention may be computed as its formula is written."""
    return _enabled("MATH")


def enable_math_sdp(enabled: bool) -> None:
    """Allow or forbid the plain formula.

    Args:
        enabled: whether it is allowed.
    """
    _enable("MATH", enabled)


def cudnn_sdp_enabled() -> bool:
    """Whether attention may use cuDNN."""
    return _enabled("CUDNN_ATTENTION")


def enable_cudnn_sdp(enabled: bool) -> None:
    """Allow or forbid cuDNN's kernel.

    Args:
        enabled: whether it is allowed.
    """
    _enable("CUDNN_ATTENTION", enabled)


def is_flash_attention_available() -> bool:
    """Whether CUDA's flash attention is built in: no."""
    return False


@contextlib.contextmanager
def sdp_kernel(enable_flash: bool = True, enable_math: bool = True,
               enable_mem_efficient: bool = True,
               enable_cudnn: bool = True) -> Iterator[dict[Any, Any]]:
    """Inside the block attention may use the enabled kernels only.

    Args:
        enable_flash, enable_math, enable_mem_efficient, enable_cudnn: which kernels. Default: True.
    """
    warnings.warn("`torch.backends.cuda.sdp_kernel()` is deprecated. In the future, this context "
                  "manager will be removed. Please see `torch.nn.attention.sdpa_kernel()` for the "
                  "new context manager, with updated signature.", FutureWarning, stacklevel=3)
    choices = {"FLASH_ATTENTION": enable_flash, "EFFICIENT_ATTENTION": enable_mem_efficient,
               "MATH": enable_math, "CUDNN_ATTENTION": enable_cudnn}
    before = Backends.allowed
    Backends.allowed = tuple(name for name, enabled in choices.items() if enabled)
    try:
        yield {}
    finally:
        Backends.allowed = before
