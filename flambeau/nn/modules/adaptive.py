"""A softmax over very many classes, with rare ones in clusters of their own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from flambeau.functional.joining import cat
from flambeau.nn import functional as F
from flambeau.nn.modules.container import ModuleList, Sequential
from flambeau.nn.modules.linear import Linear
from flambeau.nn.modules.module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """The log-probability of each target, and minus their mean."""

    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """An approximate softmax for many classes, sorted from frequent to rare, and its loss.

    The head scores the classes below the first cutoff, and each cluster as a whole; each cluster
    has a narrower projection of its own.

    Args:
        in_features: size of the last dimension of the input.
        n_classes: number of classes.
        cutoffs: where the clusters begin.
        div_value: each cluster's projection is this much narrower than the one before. Default: 4.
        head_bias: learn a bias in the head. Default: False.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Returns:
        A named tuple: `output`, the log-probability of each target (N), and `loss`, minus its mean.

    Raises:
        ValueError: cutoffs that are not increasing integers between 1 and n_classes − 1.
        RuntimeError: targets out of range, or shapes that do not fit.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10], div_value=2.)
        >>> layer(torch.zeros(3, 8), torch.tensor([1, 7, 19])).output.shape
        torch.Size([3])

    Source: Grave et al. 2016; torch.nn.AdaptiveLogSoftmaxWithLoss
    """

    in_features: int
    n_classes: int
    cutoffs: list[int]
    div_value: float
    head_bias: bool
    head: Any
    tail: Any

    def __init__(self, in_features: int, n_classes: int, cutoffs: Sequence[int],
                 div_value: float = 4.0, head_bias: bool = False, device: Any = None,
                 dtype: Any = None) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (cutoffs != sorted(set(cutoffs)) or cutoffs[0] <= 0 or cutoffs[-1] > n_classes - 1
                or any(int(c) != c for c in cutoffs)):
            raise ValueError("cutoffs should be a sequence of unique, positive integers sorted in "
                             "an increasing order, where each value is between 1 and n_classes-1")
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            width = int(in_features // (div_value ** (i + 1)))
            classes = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(Sequential(
                Linear(in_features, width, bias=False, device=device, dtype=dtype),
                Linear(width, classes, bias=False, device=device, dtype=dtype)))

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        self.head.reset_parameters()
        for inner, outer in self.tail:
            inner.reset_parameters()
            outer.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> Any:
        self._check(input_, target_)
        batched = target_.dim() > 0
        input, target = (input_, target_) if batched else (input_.unsqueeze(0),
                                                           target_.unsqueeze(0))
        lowest, highest = target.min().item(), target.max().item()
        if lowest < 0 or highest >= self.n_classes:
            raise RuntimeError(f"Target values should be in [0, {self.n_classes - 1}], but values "
                               f"in range [{lowest}, {highest}] were found. ")
        head = F.log_softmax(self.head(input), dim=1)
        first = target
        output = input.new_zeros(target.size(0))
        for i, (low, high) in enumerate(itertools.pairwise(self.cutoffs)):
            rows = ((target >= low) & (target < high)).nonzero().squeeze(1)
            if rows.numel() == 0:
                continue
            first = first.index_fill(0, rows, self.shortlist_size + i)
            scores = F.log_softmax(self.tail[i](input.index_select(0, rows)), dim=1)
            own = target.index_select(0, rows) - low
            output = output.index_copy(0, rows, scores.gather(1, own.unsqueeze(1)).squeeze(1))
        output = output + head.gather(1, first.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output if batched else output.squeeze(0), loss)

    @staticmethod
    def _check(input: Any, target: Any) -> None:
        if target.dim() > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if target.dim() == 1 and input.size(0) != target.size(0):
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if input.dim() != target.dim() + 1:
            raise RuntimeError(f"{target.dim()}D target tensor expects {target.dim() + 1}D input "
                               f"tensors, but found inputs with size {input.size()}")

    def log_prob(self, input: Any) -> Any:
        """The log-probabilities of all classes.

        Args:
            input: (N, in_features).

        Returns:
            A tensor (N, n_classes).
        """
        return self._get_full_log_prob(input, self.head(input))

    def _get_full_log_prob(self, input: Any, head_output: Any) -> Any:
        head = F.log_softmax(head_output, dim=1)
        parts = [head[:, :self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            own = head[:, self.shortlist_size + i].unsqueeze(1)
            parts.append(F.log_softmax(cluster(input), dim=1) + own)
        return cat(parts, dim=1)

    def predict(self, input: Any) -> Any:
        """The most probable class of each row.

        Args:
            input: (N, in_features).

        Returns:
            A tensor (N) of classes.
        """
        head_output = self.head(input)
        best = head_output.argmax(dim=1)
        rare = best >= self.shortlist_size
        return best.where(~rare, self._get_full_log_prob(input, head_output).argmax(dim=1))
