"""Pruning: masks that set chosen entries of a parameter to zero before each forward pass."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable
from typing import Any

from flambeau.functional.matrices import norm as norm_of
from flambeau.functional.sorting import kthvalue, topk
from flambeau.nn.modules.module import Module
from flambeau.nn.utils._pruning import BasePruningMethod, PruningContainer
from flambeau.nn.utils.convert_parameters import parameters_to_vector
from flambeau.random import rand, rand_like
from flambeau.tensor.creation import ones_like, zeros_like
from flambeau.tensor.tensor import Tensor

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured",
    "PruningContainer", "RandomStructured", "RandomUnstructured", "custom_from_mask",
    "global_unstructured", "identity", "is_pruned", "l1_unstructured", "ln_structured",
    "random_structured", "random_unstructured", "remove",
]


def _check_amount(amount: Any) -> None:
    """An amount is a count, or a fraction in [0, 1]."""
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    whole = isinstance(amount, numbers.Integral)
    if amount < 0 or not whole and float(amount) > 1.0:
        raise ValueError(f"amount={amount} should either be a float in the range [0, 1] or a "
                         "non-negative integer")


def _count(amount: Any, size: int) -> int:
    """How many of `size` items an amount is."""
    count = int(amount) if isinstance(amount, numbers.Integral) else round(amount * size)
    if count > size:
        raise ValueError(f"amount={count} should be smaller than the number of parameters to "
                         f"prune={size}")
    return count


def _check_structured(t: Tensor, dim: int) -> None:
    """Channels need a matrix at least, and a dimension that there is."""
    if t.dim() <= 1:
        raise ValueError("Structured pruning can only be applied to multidimensional tensors. "
                         f"Found tensor of shape {t.shape} with {t.dim()} dims")
    if dim >= t.dim():
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")


def _without(mask: Tensor, places: Tensor) -> Tensor:
    """A copy of a mask with zeros at some places of its flat form."""
    flat = mask.detach().reshape(-1).clone()
    flat[places] = 0
    return flat.reshape(mask.shape)


def _channels(t: Tensor, dim: int, kept: Tensor, default_mask: Tensor) -> Tensor:
    """The mask that keeps some channels of a tensor, of those that a mask left."""
    mask = zeros_like(t)
    places: list[Any] = [slice(None)] * t.dim()
    places[dim] = kept
    mask[tuple(places)] = 1
    return mask * default_mask.to(dtype=mask.dtype)


class Identity(BasePruningMethod):
    """Prune nothing; a mask of ones.

    Source: torch.nn.utils.prune.Identity
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask that there is."""
        return default_mask

    @classmethod
    def apply(cls, module: Module, name: str) -> Any:  # type: ignore[override]
        """Put a mask of ones on a parameter."""
        return super().apply(module, name)


class RandomUnstructured(BasePruningMethod):
    """Prune single entries at random.

    Args:
        amount: how many entries, or which fraction of them.

    Source: torch.nn.utils.prune.RandomUnstructured
    """

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask with zeros at random places."""
        count = _count(self.amount, t.nelement())
        if count == 0:
            return default_mask.clone()
        return _without(default_mask, topk(rand_like(t).view(-1), k=count).indices)

    @classmethod
    def apply(cls, module: Module, name: str,  # type: ignore[override]
              amount: float) -> Any:
        """Prune entries of a parameter at random."""
        return super().apply(module, name, amount=amount)


class L1Unstructured(BasePruningMethod):
    """Prune the entries of least absolute value.

    Args:
        amount: how many entries, or which fraction of them.

    Source: torch.nn.utils.prune.L1Unstructured
    """

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask with zeros where the scores are least."""
        count = _count(self.amount, t.nelement())
        if count == 0:
            return default_mask.clone()
        least = topk(t.detach().abs().reshape(-1), k=count, largest=False)
        return _without(default_mask, least.indices)

    @classmethod
    def apply(cls, module: Module, name: str, amount: float,  # type: ignore[override]
              importance_scores: Tensor | None = None) -> Any:
        """Prune the least entries of a parameter."""
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


class RandomStructured(BasePruningMethod):
    """Prune whole channels at random.

    Args:
        amount: how many channels, or which fraction of them.
        dim: the dimension of the channels.

    Source: torch.nn.utils.prune.RandomStructured
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount, self.dim = amount, dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask without random channels."""
        _check_structured(t, self.dim)
        channels = t.shape[self.dim]
        count = _count(self.amount, channels)
        if count == 0:
            return default_mask
        draw = rand(channels)
        return _channels(t, self.dim, draw > kthvalue(draw, k=count).values, default_mask)

    @classmethod
    def apply(cls, module: Module, name: str, amount: float,  # type: ignore[override]
              dim: int = -1) -> Any:
        """Prune channels of a parameter at random."""
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(BasePruningMethod):
    """Prune the whole channels of least norm.

    Args:
        amount: how many channels, or which fraction of them.
        n: order of the norm: a number, inf, -inf, "fro" or "nuc".
        dim: the dimension of the channels.

    Source: torch.nn.utils.prune.LnStructured
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, n: float | str, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount, self.n, self.dim = amount, n, dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """A mask without the channels of least norm."""
        _check_structured(t, self.dim)
        channels = t.shape[self.dim]
        count = _count(self.amount, channels)
        if count == 0:
            return default_mask
        others = [d for d in range(t.dim()) if d != self.dim % t.dim()]
        norms = norm_of(t.detach(), p=self.n, dim=others)
        kept = topk(norms, k=channels - count, largest=True).indices
        return _channels(t, self.dim, kept, default_mask)

    @classmethod
    def apply(cls, module: Module, name: str, amount: float,  # type: ignore[override]
              n: float | str, dim: int, importance_scores: Tensor | None = None) -> Any:
        """Prune the least channels of a parameter."""
        return super().apply(module, name, amount=amount, n=n, dim=dim,
                             importance_scores=importance_scores)


class CustomFromMask(BasePruningMethod):
    """Prune by a given mask.

    Args:
        mask: ones to keep and zeros to prune, of the parameter's shape.

    Source: torch.nn.utils.prune.CustomFromMask
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The given mask within the mask that there is."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError(f"default_mask shape {default_mask.shape} must match self.mask "
                                 f"shape {self.mask.shape}")
        return default_mask * self.mask.to(dtype=default_mask.dtype)

    @classmethod
    def apply(cls, module: Module, name: str, mask: Tensor) -> Any:  # type: ignore[override]
        """Put a mask on a parameter."""
        return super().apply(module, name, mask=mask)


def identity(module: Module, name: str) -> Module:
    """Prepare a parameter for pruning without pruning anything.

    Args:
        module: the owner.
        name: the parameter's name.

    Returns:
        The module.

    Source: torch.nn.utils.prune.identity
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prune entries of a parameter at random.

    Args:
        module: the owner.
        name: the parameter's name.
        amount: how many entries, or which fraction of them.

    Returns:
        The module.

    Source: torch.nn.utils.prune.random_unstructured
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: float,
                    importance_scores: Tensor | None = None) -> Module:
    """Prune the entries of a parameter that are least in absolute value.

    Args:
        module: the owner.
        name: the parameter's name.
        amount: how many entries, or which fraction of them.
        importance_scores: what to judge by, of the parameter's shape; None: its values.

    Returns:
        The module.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.Linear(2, 2)
        >>> layer.weight.data = torch.tensor([[1.0, -3.0], [2.0, 4.0]])
        >>> torch.nn.utils.prune.l1_unstructured(layer, "weight", amount=0.5).weight.tolist()
        [[0.0, -3.0], [0.0, 4.0]]
        >>> sorted(layer.state_dict())
        ['bias', 'weight_mask', 'weight_orig']

    Source: torch.nn.utils.prune.l1_unstructured
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prune channels of a parameter at random.

    Args:
        module: the owner.
        name: the parameter's name.
        amount: how many channels, or which fraction of them.
        dim: the dimension of the channels.

    Returns:
        The module.

    Source: torch.nn.utils.prune.random_structured
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(module: Module, name: str, amount: float, n: float | str, dim: int,
                  importance_scores: Tensor | None = None) -> Module:
    """Prune the channels of a parameter whose norms are least.

    Args:
        module: the owner.
        name: the parameter's name.
        amount: how many channels, or which fraction of them.
        n: order of the norm.
        dim: the dimension of the channels.
        importance_scores: what to judge by, of the parameter's shape; None: its values.

    Returns:
        The module.

    Source: torch.nn.utils.prune.ln_structured
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(parameters: Any, pruning_method: Callable[..., BasePruningMethod],
                        importance_scores: Any = None, **kwargs: Any) -> None:
    """Prune several parameters as if they were one.

    Args:
        parameters: pairs of a module and a parameter's name.
        pruning_method: a class of methods of type "unstructured".
        importance_scores: {(module, name): scores}; others are judged by their values.
        kwargs: passed to the method, as `amount`.

    Raises:
        TypeError: for other kinds of arguments, or a method of another type.

    Source: torch.nn.utils.prune.global_unstructured
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    pairs = list(parameters)
    owned = [getattr(module, name) for module, name in pairs]
    masks = [getattr(module, name + "_mask", ones_like(parameter))
             for (module, name), parameter in zip(pairs, owned, strict=True)]
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError('Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. '
                        f"Found method {pruning_method} of type {method.PRUNING_TYPE}")
    judged = [scores.get(pair, parameter) for pair, parameter in zip(pairs, owned, strict=True)]
    mask = PruningContainer(method).compute_mask(
        parameters_to_vector(judged), parameters_to_vector(masks))
    start = 0
    for (module, name), parameter in zip(pairs, owned, strict=True):
        part = mask[start:start + parameter.numel()]
        custom_from_mask(module, name, mask=part.view_as(parameter))
        start += parameter.numel()


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune a parameter by a given mask.

    Args:
        module: the owner.
        name: the parameter's name.
        mask: ones to keep and zeros to prune, of the parameter's shape.

    Returns:
        The module.

    Source: torch.nn.utils.prune.custom_from_mask
    """
    CustomFromMask.apply(module, name, mask)
    return module


def remove(module: Module, name: str) -> Module:
    """Make a pruned parameter an ordinary one, with zeros for good.

    Args:
        module: the owner.
        name: the parameter's name.

    Returns:
        The module.

    Raises:
        ValueError: where it is not pruned.

    Source: torch.nn.utils.prune.remove
    """
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can "
                     "be removed")


def is_pruned(module: Module) -> bool:
    """Whether a module or one inside it has a pruned parameter.

    Args:
        module: where to look.

    Returns:
        True or False.

    Source: torch.nn.utils.prune.is_pruned
    """
    return any(isinstance(hook, BasePruningMethod) for part in module.modules()
               for hook in part._forward_pre_hooks.values())
