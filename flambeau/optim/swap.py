"""Run an optimizer on other parameters for a while."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer

_NAME = "swap_in_optimizer_params_and_state requires "


@contextmanager
def swap_in_optimizer_params_and_state(
        optimizer: Optimizer, swapin_parameters: dict[str, Any],
        swapin_optim_state: dict[str, Any]) -> Iterator[None]:
    """Give an optimizer other parameters, options and state inside a `with` block.

    Changes of the tensors stay; everything else is as before afterwards.

    Args:
        optimizer: has stepped already.
        swapin_parameters: name -> tensor, in the order of the optimizer's parameters.
        swapin_optim_state: made by `state_dict`, with the optimizer's groups.

    Raises:
        RuntimeError: where state and parameters do not fit the optimizer.

    Source: torch.optim.swap_in_optimizer_params_and_state
    """
    saved = _checked_state(optimizer, swapin_optim_state)
    members = _assigned(optimizer, list(swapin_parameters.values()),
                        swapin_optim_state["param_groups"], saved)
    before = [dict(group) for group in optimizer.param_groups], optimizer.state
    state: defaultdict[Any, Any] = defaultdict(dict)
    try:
        for group, new, params in zip(optimizer.param_groups, swapin_optim_state["param_groups"],
                                      members, strict=True):
            group.update({key: value for key, value in new.items() if key != "params"})
            group["params"] = params
            for p, number in zip(params, new["params"], strict=True):
                state[p] = dict(saved.get(number, {}))
        optimizer.state = state
        yield
    finally:
        for group, old in zip(optimizer.param_groups, before[0], strict=True):
            group.clear()
            group.update(old)
        optimizer.state = before[1]


def _checked_state(optimizer: Optimizer, given: Any) -> dict[Any, Any]:
    if not optimizer.state:
        raise RuntimeError(_NAME + "initialized optimizer state.")
    if not isinstance(given, dict):
        raise RuntimeError(_NAME + "a DCP-style optimizer state_dict.")
    state = given.get("state")
    if not isinstance(state, dict):
        raise RuntimeError(_NAME + "swapin_optim_state['state'] to be a dict mapping packed "
                           f"parameter ids to per-param state dicts, got {type(state).__name__}.")
    if any(isinstance(k, Tensor) for k in state):
        raise RuntimeError(_NAME + "optimizer.state_dict()-style state keyed by packed parameter "
                           "ids.")
    if any(isinstance(k, int) and not isinstance(v, dict) for k, v in state.items()):
        raise RuntimeError(_NAME + "per-parameter optimizer state entries to be dictionaries.")
    groups = given.get("param_groups")
    if not isinstance(groups, list):
        raise RuntimeError(_NAME + "swapin_optim_state['param_groups'] to be a list of param-group "
                           f"dicts, got {type(groups).__name__}.")
    if len(optimizer.param_groups) != len(groups):
        raise RuntimeError("swapin_optim_state has a different number of parameter groups than the "
                           "live optimizer.")
    return state


def _assigned(optimizer: Optimizer, params: list[Any], groups: list[Any],
              state: dict[Any, Any]) -> list[list[Any]]:
    """The new parameters of each group."""
    members, start = [], 0
    numbers: set[int] = set()
    for i, (group, new) in enumerate(zip(optimizer.param_groups, groups, strict=True)):
        ids = _checked_ids(i, group, new)
        numbers.update(ids)
        if start + len(ids) > len(params):
            raise RuntimeError(_NAME + "the explicit parameter state to match "
                               "optimizer.param_groups ordering.")
        members.append(params[start:start + len(ids)])
        start += len(ids)
    extra = [k for k in state if k not in numbers]
    if extra:
        raise RuntimeError(_NAME + "swapin_optim_state['state'] to be keyed only by packed "
                           "parameter ids from param_groups[*]['params']; got extra keys "
                           f"{extra!r}.")
    return members


def _checked_ids(i: int, group: dict[str, Any], new: Any) -> list[int]:
    if not isinstance(new, dict):
        raise RuntimeError(_NAME + "each optimizer param group to be a dictionary.")
    ids = new.get("params")
    if not isinstance(ids, list) or not all(isinstance(n, int) for n in ids):
        raise RuntimeError(_NAME + "optimizer.state_dict()-style param_groups[*]['params'] entries "
                           "keyed by packed parameter ids.")
    if len(group["params"]) != len(ids):
        raise RuntimeError(f"swapin_optim_state param group {i} has a different number of params "
                           "than the live optimizer param group.")
    more, fewer = [k for k in new if k not in group], [k for k in group if k not in new]
    if more or fewer:
        raise RuntimeError(_NAME + "optimizer.state_dict()-style param group keys to exactly match "
                           f"the live optimizer group keys for group {i}. Keys only in swap-in: "
                           f"{more}. Keys only in live: {fewer}.")
    return ids
