"""Modules as functions of their parameters and buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..functional.joining import stack
from ..nn.modules.batchnorm import _BatchNorm
from ..nn.modules.module import Module
from ..nn.utils._swap import call_with
from ..tensor import Tensor


def functional_call(module: Module, parameter_and_buffer_dicts: Any, args: Any = None,
                    kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True,
                    strict: bool = False) -> Any:
    """Call a module with other tensors in the place of some of its parameters and buffers.

    Args:
        module: the module.
        parameter_and_buffer_dicts: the tensors by full name, or several such dictionaries
            without a name in common.
        args: a tuple of positional arguments, or the one argument. Default: none.
        kwargs: the keyword arguments. Default: none.
        tie_weights: one given tensor also replaces the others tied to the same one. Default: True.
        strict: require every name. Default: False.

    Returns:
        What the module returns.

    Raises:
        ValueError: where two dictionaries have a name in common, or for anything else.
        RuntimeError: with strict, where names are missing or unexpected.

    Source: torch.func.functional_call
    """
    given = parameter_and_buffer_dicts
    if isinstance(given, Sequence):
        if not all(isinstance(part, dict) for part in given):
            raise ValueError("Expected all elements of parameter_and_buffer_dicts to be "
                             "dictionaries")
        names = [name for part in given for name in part]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"{sorted(twice)} appeared in multiple dictionaries; behavior of "
                             "functional call is ambiguous")
        given = {name: t for part in given for name, t in part.items()}
    elif not isinstance(given, dict):
        raise ValueError("Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of "
                         f"dicts, but got {type(given)}")
    return call_with(module, given, args, kwargs, tie_weights=tie_weights, strict=strict)


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of several equal modules, each stacked along a new dimension.

    Args:
        models: a list of modules of one class, in the same mode.

    Returns:
        (parameters, buffers), two dictionaries for `functional_call` under `vmap`.

    Raises:
        RuntimeError: for no models, models of several classes, or in different modes.

    Source: torch.func.stack_module_state
    """
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(m.training != models[0].training for m in models):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval "
                           "mode.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    return (_stacked([dict(m.named_parameters()) for m in models]),
            _stacked([dict(m.named_buffers()) for m in models]))


def _stacked(states: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: _as_leaf([state[name] for state in states]) for name in states[0]}


def _as_leaf(tensors: list[Tensor]) -> Tensor:
    needs = {t.requires_grad for t in tensors}
    if len(needs) > 1:
        raise RuntimeError("Expected parameters from different models to have the same "
                           "requires_grad")
    if not all(t.is_leaf for t in tensors):
        return stack(tensors)
    made: Tensor = stack(tensors).detach().requires_grad_(needs.pop())
    return made


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Make every batch normalisation in a module use the batch's own statistics, in place.

    Args:
        root: the module.

    Returns:
        The module.

    Source: torch.func.replace_all_batch_norm_modules_
    """
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
