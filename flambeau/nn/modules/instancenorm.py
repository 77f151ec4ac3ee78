"""Instance normalisation layers."""

from __future__ import annotations

import warnings
from typing import Any

from flambeau.nn import functional as F
from flambeau.nn.modules.batchnorm import _LazyNormBase, _NormBase

__all__ = [
    "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LazyInstanceNorm1d",
    "LazyInstanceNorm2d", "LazyInstanceNorm3d",
]


class _InstanceNorm(_NormBase):
    """The forward pass of instance normalisation; subclasses give the number of dimensions."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1,
                 affine: bool = False, track_running_stats: bool = False, device: Any = None,
                 dtype: Any = None, *, bias: bool = True) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype,
                         bias=bias)

    def _get_no_batch_dim(self) -> int:
        raise NotImplementedError

    def _handle_no_batch_input(self, input: Any) -> Any:
        return self._apply_instance_norm(input.unsqueeze(0)).squeeze(0)

    def _apply_instance_norm(self, input: Any) -> Any:
        return F.instance_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum, self.eps)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any,
                              strict: bool, missing_keys: Any, unexpected_keys: Any,
                              error_msgs: Any) -> None:
        if local_metadata.get("version", None) is None and not self.track_running_stats:
            found = [prefix + name for name in ("running_mean", "running_var")
                     if prefix + name in state_dict]
            if found:
                self._complain_of_statistics(found, error_msgs)
            for key in found:
                del state_dict[key]
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys,
                                      unexpected_keys, error_msgs)

    def _complain_of_statistics(self, found: list[str], error_msgs: list[str]) -> None:
        names = " and ".join(f'"{key}"' for key in found)
        kind = type(self).__name__
        error_msgs.append(
            f"Unexpected running stats buffer(s) {names} for {kind} with track_running_stats=False."
            " If state_dict is a checkpoint saved before 0.4.0, this may be expected because "
            f"{kind} does not track running stats by default since 0.4.0. Please remove these keys "
            "from state_dict. If the running stats are actually needed, instead set "
            f"track_running_stats=True in {kind} to enable them. See the documentation of {kind} "
            "for details.")

    def forward(self, input: Any) -> Any:
        self._check_input_dim(input)
        axis = input.dim() - self._get_no_batch_dim()
        if input.size(axis) != self.num_features:
            self._complain_of_size(axis, input.size(axis))
        if input.dim() == self._get_no_batch_dim():
            return self._handle_no_batch_input(input)
        return self._apply_instance_norm(input)

    def _complain_of_size(self, axis: int, size: int) -> None:
        if self.affine:
            raise ValueError(f"expected input's size at dim={axis} to match num_features "
                             f"({self.num_features}), but got: {size}.")
        warnings.warn(
            f"input's size at dim={axis} does not match num_features. You can silence this warning "
            "by not passing in num_features, which is not used because affine=False", stacklevel=3)


class _TwoOrThree:
    def _get_no_batch_dim(self) -> int:
        return 2

    def _check_input_dim(self, input: Any) -> None:
        if input.dim() not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.dim()}D input)")


class _ThreeOrFour:
    def _get_no_batch_dim(self) -> int:
        return 3

    def _check_input_dim(self, input: Any) -> None:
        if input.dim() not in (3, 4):
            raise ValueError(f"expected 3D or 4D input (got {input.dim()}D input)")


class _FourOrFive:
    def _get_no_batch_dim(self) -> int:
        return 4

    def _check_input_dim(self, input: Any) -> None:
        if input.dim() not in (4, 5):
            raise ValueError(f"expected 4D or 5D input (got {input.dim()}D input)")


class InstanceNorm1d(_TwoOrThree, _InstanceNorm):
    r"""Normalises each channel of each sample: $y = (x - E[x]) / \sqrt{Var[x] + eps} · w + b$.

    Args:
        num_features: number C of channels.
        eps: added to the variance. Default: 1e-5.
        momentum: weight of the newest batch in the running averages. Default: 0.1.
        affine: learn weight and bias. Default: False.
        track_running_stats: keep running averages, for evaluation. Default: False.
        device: where parameters and buffers live.
        dtype: their type; default: the default dtype.
        bias: learn the bias, where affine. Default: True.

    Shape:
        (N, C, L) or (C, L) to the same shape.

    Raises:
        ValueError: input of another number of dimensions, or with one value per channel.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.InstanceNorm1d(1, eps=0.)(torch.tensor([[[1., 3.]]]))
        tensor([[[-1.,  1.]]])

    Source: Ulyanov, Vedaldi and Lempitsky 2016; torch.nn.InstanceNorm1d
    """


class InstanceNorm2d(_ThreeOrFour, _InstanceNorm):
    """Normalises each channel of each image (N, C, H, W) or (C, H, W).

    Args: those of `InstanceNorm1d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.InstanceNorm2d(3)(torch.zeros(2, 3, 4, 4)).shape
        torch.Size([2, 3, 4, 4])

    Source: Ulyanov, Vedaldi and Lempitsky 2016; torch.nn.InstanceNorm2d
    """


class InstanceNorm3d(_FourOrFive, _InstanceNorm):
    """Normalises each channel of each volume (N, C, D, H, W) or (C, D, H, W).

    Args: those of `InstanceNorm1d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.InstanceNorm3d(3)(torch.zeros(2, 3, 4, 4, 4)).shape
        torch.Size([2, 3, 4, 4, 4])

    Source: Ulyanov, Vedaldi and Lempitsky 2016; torch.nn.InstanceNorm3d
    """


class LazyInstanceNorm1d(_TwoOrThree, _LazyNormBase, _InstanceNorm):
    """An `InstanceNorm1d` that takes num_features from the first input.

    Args: those of `InstanceNorm1d` without num_features.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LazyInstanceNorm1d()(torch.zeros(2, 3, 4)).shape
        torch.Size([2, 3, 4])

    Source: torch.nn.LazyInstanceNorm1d
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_ThreeOrFour, _LazyNormBase, _InstanceNorm):
    """An `InstanceNorm2d` that takes num_features from the first input.

    Args: those of `InstanceNorm1d` without num_features.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LazyInstanceNorm2d()(torch.zeros(2, 3, 4, 4)).shape
        torch.Size([2, 3, 4, 4])

    Source: torch.nn.LazyInstanceNorm2d
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_FourOrFive, _LazyNormBase, _InstanceNorm):
    """An `InstanceNorm3d` that takes num_features from the first input.

    Args: those of `InstanceNorm1d` without num_features.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LazyInstanceNorm3d()(torch.zeros(2, 3, 4, 4, 4)).shape
        torch.Size([2, 3, 4, 4, 4])

    Source: torch.nn.LazyInstanceNorm3d
    """

    cls_to_become = InstanceNorm3d
