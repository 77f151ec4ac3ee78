"""Tensor's activations."""

from __future__ import annotations

from ..functional import activation as act
from ..functional import gates, top_level


class ActivationMethods:
    """Those of PyTorch's activations that are methods of tensors."""

    relu = top_level.relu
    relu_ = top_level.relu_
    prelu = gates.prelu
    hardshrink = act.hardshrink
