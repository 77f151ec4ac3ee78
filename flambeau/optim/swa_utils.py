"""Averages of a model's weights over training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any, Literal

from ..autograd import no_grad
from ..dtype import int64
from ..nn.modules.module import Module
from ..tensor import Tensor
from ..tensor.data import tensor
from .lr_scheduler.scheduler import LRScheduler, Rates, per_group
from .optimizer import Optimizer

__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn",
           "get_swa_multi_avg_fn", "update_bn"]


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Tensor, Tensor, Any], Tensor]:
    """The exponential average as an `avg_fn`: decay · average + (1 - decay) · current.

    Args:
        decay: in [0, 1]. Default: 0.999.

    Raises:
        ValueError: for a decay out of range.

    Source: torch.optim.swa_utils.get_ema_avg_fn
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return decay * ema_param + (1 - decay) * current_param
    return ema_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., None]:
    """The same as a `multi_avg_fn`, which changes a list of averages in place.

    Source: torch.optim.swa_utils.get_ema_multi_avg_fn
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param_list: Sequence[Any], current_param_list: Sequence[Any],
                   _: Any) -> None:
        for average, current in zip(ema_param_list, current_param_list, strict=True):
            average.copy_(average * decay + current * (1 - decay))
    return ema_update


def get_swa_avg_fn() -> Callable[[Tensor, Tensor, Any], Tensor]:
    """The equal average of all models so far as an `avg_fn`.

    Source: torch.optim.swa_utils.get_swa_avg_fn
    """
    @no_grad()
    def swa_update(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)
    return swa_update


def get_swa_multi_avg_fn() -> Callable[..., None]:
    """The same as a `multi_avg_fn`, which changes a list of averages in place.

    Source: torch.optim.swa_utils.get_swa_multi_avg_fn
    """
    update = get_swa_avg_fn()

    @no_grad()
    def swa_update(averaged_param_list: Sequence[Any], current_param_list: Sequence[Any],
                   num_averaged: Any) -> None:
        for average, current in zip(averaged_param_list, current_param_list, strict=True):
            average.copy_(update(average, current, num_averaged))
    return swa_update


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] "
                         "range.")


class AveragedModel(Module):
    """A copy of a model whose parameters are an average over training.

    Args:
        model: is copied.
        device: where the copy lives.
        avg_fn: (average, current, number averaged) -> new average, for each parameter; default:
            the equal average.
        multi_avg_fn: changes the list of averages in place, for all parameters at once.
        use_buffers: average buffers too; otherwise they are copied. Default: False.

    Example:
        >>> import flambeau as torch
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> averaged = torch.optim.swa_utils.AveragedModel(model)
        >>> for value in (1.0, 3.0):
        ...     torch.nn.init.constant_(model.weight, value).sum().item()
        ...     averaged.update_parameters(model)
        1.0
        3.0
        >>> averaged.module.weight.item()
        2.0

    Source: Izmailov et al., 2018; torch.optim.swa_utils.AveragedModel
    """

    n_averaged: Any

    def __init__(self, model: Module, device: Any = None,
                 avg_fn: Callable[..., Any] | None = None,
                 multi_avg_fn: Callable[..., None] | None = None,
                 use_buffers: bool = False) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the averaged model."""
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the present parameters of `model` into the average."""
        averages, current = _values(self.module, self.use_buffers), _values(model, self.use_buffers)
        pairs = list(zip(averages, current, strict=False))
        if self.n_averaged.item() == 0:
            for average, value in pairs:
                average.copy_(value)
        elif self.multi_avg_fn is not None:
            for kind in dict.fromkeys(value.dtype for _, value in pairs):
                same = [pair for pair in pairs if pair[1].dtype is kind]
                self.multi_avg_fn([a for a, _ in same], [v for _, v in same], self.n_averaged)
        else:
            update = self.avg_fn or get_swa_avg_fn()
            for average, value in pairs:
                average.copy_(update(average, value, self.n_averaged))
        if not self.use_buffers:
            for own, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                own.detach().copy_(buffer.detach())
        self.n_averaged += 1


def _values(model: Any, use_buffers: bool) -> list[Any]:
    found = chain(model.parameters(), model.buffers()) if use_buffers else model.parameters()
    return [t.detach() for t in found]


@no_grad()
def update_bn(loader: Iterable[Any], model: Any, device: Any = None) -> None:
    """Compute the running statistics of all batch normalizations anew, in one pass over the data.

    Args:
        loader: batches; of a sequence the first entry is the input.
        model: is called with them, in training mode.
        device: where the inputs are moved to.

    Source: torch.optim.swa_utils.update_bn
    """
    momenta = {m: m.momentum for m in model.modules() if _is_batch_norm(m)}
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None  # the equal average of all batches
    for batch in loader:
        if isinstance(batch, (list, tuple)):
            batch = batch[0]
        model(batch if device is None else batch.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


def _is_batch_norm(module: Any) -> bool:
    return any(cls.__name__ == "_BatchNorm" for cls in type(module).__mro__)


class SWALR(LRScheduler):
    """Bring the rates to fixed values, where they stay while weights are averaged.

    Args:
        optimizer: whose rates are set.
        swa_lr: final rate, or a list of them.
        anneal_epochs: epochs of the change. Default: 10.
        anneal_strategy: "cos" or "linear". Default: "cos".
        last_epoch: the epoch that training is resumed after. Default: -1.

    Raises:
        ValueError: for arguments out of range.

    Source: torch.optim.swa_utils.SWALR
    """

    def __init__(self, optimizer: Optimizer, swa_lr: float, anneal_epochs: int = 10,
                 anneal_strategy: Literal["cos", "linear"] = "cos", last_epoch: int = -1) -> None:
        rates = per_group("swa_lr", optimizer, swa_lr)
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError("anneal_strategy must be one of 'cos' or 'linear', instead got "
                             f"{anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError("anneal_epochs must be equal or greater than 0, got "
                             f"{anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def anneal_func(self, t: float) -> float:
        """How much of the way is done at the part t of the epochs."""
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        length = max(1, self.anneal_epochs)
        before = self.anneal_func(max(0, min(1, (step - 1) / length)))
        now = self.anneal_func(max(0, min(1, step / length)))
        rates = []
        for group in self.optimizer.param_groups:
            lr, final = group["lr"], group["swa_lr"]
            start = final if before == 1 else (lr - before * final) / (1 - before)
            rates.append(final * now + start * (1 - now))
        return rates
