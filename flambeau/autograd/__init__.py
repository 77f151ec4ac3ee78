"""Automatic differentiation: recording, the tape, the backward pass, user-written functions."""

import importlib

from . import forward_ad as forward_ad
from . import function as function
from . import functional as functional
from . import graph as graph
from .api import backward, grad
from .base import TensorBase
from .function import Function, once_differentiable
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .modes import (
    detect_anomaly,
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
    set_multithreading_enabled,
)
from .variable import Variable

__all__ = ["Function", "GradcheckError", "TensorBase", "Variable", "backward", "detect_anomaly",
           "enable_grad", "grad", "gradcheck", "gradgradcheck", "inference_mode",
           "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "once_differentiable",
           "set_detect_anomaly", "set_grad_enabled", "set_multithreading_enabled"]


def __getattr__(name: str) -> object:
    if name == "profiler":
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
