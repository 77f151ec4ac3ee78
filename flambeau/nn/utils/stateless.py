"""A module as a function of its parameters (the old path; `flambeau.func` has the new one)."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.nn.modules.module import Module
from flambeau.nn.utils._swap import call_with
from flambeau.tensor.tensor import Tensor

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: dict[str, Tensor],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in the place of some of its parameters and buffers.

    Args:
        module: the module.
        parameters_and_buffers: the tensors by full name; those left out stay the module's
            own, and names that it does not have are ignored.
        args: a tuple of positional arguments, or the one argument. Default: none.
        kwargs: the keyword arguments. Default: none.
        tie_weights: one given tensor also replaces the others tied to the same one. Default: True.
        strict: require every name. Default: False.

    Returns:
        What the module returns.

    Raises:
        RuntimeError: with strict, where names are missing or unexpected.

    Source: torch.nn.utils.stateless.functional_call
    """
    warnings.warn("`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and "
                  "will be removed in a future version of PyTorch. Please use "
                  "`torch.func.functional_call` instead which is a drop-in replacement.",
                  FutureWarning, stacklevel=2)
    return call_with(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights,
                     strict=strict)
