"""Batch normalization folded into the layer before it, for evaluation."""

from __future__ import annotations

import copy
from typing import TypeVar

from flambeau.functional.pointwise import rsqrt
from flambeau.nn.modules.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.tensor.creation import ones_like, zeros_like
from flambeau.tensor.tensor import Tensor

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval",
           "fuse_linear_bn_weights"]

Layer = TypeVar("Layer", bound=Module)


def _check_ready(layer: Module, bn: Module) -> None:
    """Both must evaluate, and the normalization must know its statistics."""
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")


def fuse_conv_bn_eval(conv: Layer, bn: Module, transpose: bool = False) -> Layer:
    """A copy of a convolution that does the batch normalization after it as well.

    Args:
        conv: a convolution, in evaluation mode.
        bn: the batch normalization, in evaluation mode, with running statistics.
        transpose: True for a transposed convolution.

    Returns:
        The new layer: bn(conv(x)) for every x.

    Raises:
        AssertionError: in training mode, or without running statistics.

    Example:
        >>> import flambeau as torch
        >>> conv, bn = torch.nn.Conv2d(3, 4, 1).eval(), torch.nn.BatchNorm2d(4).eval()
        >>> torch.nn.utils.fuse_conv_bn_eval(conv, bn)
        Conv2d(3, 4, kernel_size=(1, 1), stride=(1, 1))

    Source: torch.nn.utils.fusion.fuse_conv_bn_eval
    """
    _check_ready(conv, bn)
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias,
        transpose)
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
    bn_w: Tensor | None, bn_b: Tensor | None, transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a convolution with the batch normalization after it folded in.

    With s = bn_w / sqrt(bn_rv + bn_eps): weight = s conv_w, bias = s (conv_b - bn_rm) + bn_b.

    Args:
        conv_w: weight of the convolution.
        conv_b: its bias; None for zeros.
        bn_rm: running mean of the normalization.
        bn_rv: its running variance.
        bn_eps: the constant added to the variance.
        bn_w: its scale; None for ones.
        bn_b: its shift; None for zeros.
        transpose: True for a transposed convolution, whose channels out come second.

    Returns:
        Weight and bias.

    Example:
        >>> import flambeau as torch
        >>> one = torch.ones(1)
        >>> weight, bias = torch.nn.utils.fuse_conv_bn_weights(
        ...     torch.ones(1, 1, 1), None, one, 4 * one, 0.0, one, one)
        >>> weight.item(), bias.item()
        (0.5, 0.5)

    Source: torch.nn.utils.fusion.fuse_conv_bn_weights
    """
    bias = zeros_like(bn_rm) if conv_b is None else conv_b
    scale = (ones_like(bn_rm) if bn_w is None else bn_w) * rsqrt(bn_rv + bn_eps)
    shift = zeros_like(bn_rm) if bn_b is None else bn_b
    shape = [1] * conv_w.dim()
    shape[1 if transpose else 0] = -1
    bias_dtype = conv_w.dtype if conv_b is None else conv_b.dtype
    fused_w = (conv_w * scale.reshape(shape)).to(dtype=conv_w.dtype)
    fused_b = ((bias - bn_rm) * scale + shift).to(dtype=bias_dtype)
    return Parameter(fused_w, conv_w.requires_grad), Parameter(fused_b, bias.requires_grad)


def fuse_linear_bn_eval(linear: Layer, bn: Module) -> Layer:
    """A copy of a linear layer that does the batch normalization after it as well.

    Args:
        linear: a linear layer, in evaluation mode.
        bn: the batch normalization, in evaluation mode, with running statistics and as many
            features as the layer has outputs, or one.

    Returns:
        The new layer: bn(linear(x)) for every x.

    Raises:
        AssertionError: in training mode, without running statistics, or for other sizes.

    Example:
        >>> import flambeau as torch
        >>> linear, bn = torch.nn.Linear(3, 4).eval(), torch.nn.BatchNorm1d(4).eval()
        >>> torch.nn.utils.fuse_linear_bn_eval(linear, bn)
        Linear(in_features=3, out_features=4, bias=True)

    Source: torch.nn.utils.fusion.fuse_linear_bn_eval
    """
    _check_ready(linear, bn)
    if bn.num_features not in (1, linear.out_features):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}")
    fused = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias)
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
    bn_w: Tensor, bn_b: Tensor,
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a linear layer with the batch normalization after it folded in.

    Args:
        linear_w: weight of the layer.
        linear_b: its bias; None for zeros.
        bn_rm: running mean of the normalization.
        bn_rv: its running variance.
        bn_eps: the constant added to the variance.
        bn_w: its scale.
        bn_b: its shift.

    Returns:
        Weight and bias.

    Example:
        >>> import flambeau as torch
        >>> one = torch.ones(1)
        >>> weight, bias = torch.nn.utils.fuse_linear_bn_weights(
        ...     torch.ones(1, 1), None, one, 4 * one, 0.0, one, one)
        >>> weight.item(), bias.item()
        (0.5, 0.5)

    Source: torch.nn.utils.fusion.fuse_linear_bn_weights
    """
    bias = zeros_like(bn_rm) if linear_b is None else linear_b
    scale = bn_w * rsqrt(bn_rv + bn_eps)
    bias_dtype = linear_w.dtype if linear_b is None else linear_b.dtype
    fused_w = linear_w * scale.unsqueeze(-1).to(dtype=linear_w.dtype)
    fused_b = ((bias - bn_rm) * scale + bn_b).to(dtype=bias_dtype)
    return Parameter(fused_w, linear_w.requires_grad), Parameter(fused_b, bias.requires_grad)
