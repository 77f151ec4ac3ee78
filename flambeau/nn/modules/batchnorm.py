"""Batch normalisation layers."""

from __future__ import annotations

from typing import Any

from flambeau.dtype import int64
from flambeau.nn import functional as F
from flambeau.nn import init
from flambeau.nn.modules.lazy import LazyModuleMixin
from flambeau.nn.modules.module import Module
from flambeau.nn.parameter import Parameter, UninitializedBuffer, UninitializedParameter
from flambeau.tensor.creation import empty, full, ones, zeros

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LazyBatchNorm1d", "LazyBatchNorm2d",
    "LazyBatchNorm3d", "SyncBatchNorm",
]


class _NormBase(Module):
    """Parameters and running statistics shared by batch and instance normalisation."""

    _version = 2
    __constants__ = ["track_running_stats", "momentum", "eps", "num_features", "affine"]
    num_features: int
    eps: float
    momentum: float | None
    affine: bool
    track_running_stats: bool
    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
                 affine: bool = True, track_running_stats: bool = True, device: Any = None,
                 dtype: Any = None, *, bias: bool = True) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(
                name, Parameter(empty(num_features, device=device, dtype=dtype))
                if wanted else None)
        tracked = track_running_stats
        self.register_buffer(
            "running_mean", zeros(num_features, device=device, dtype=dtype) if tracked else None)
        self.register_buffer(
            "running_var", ones(num_features, device=device, dtype=dtype) if tracked else None)
        self.register_buffer(
            "num_batches_tracked", full((), 0, dtype=int64, device=device) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running statistics to mean 0 and variance 1."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Reset the statistics; weights become 1, biases 0."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input: Any) -> None:
        raise NotImplementedError

    def extra_repr(self) -> str:
        return (f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
                f"affine={self.affine}, bias={self.bias is not None}, "
                f"track_running_stats={self.track_running_stats}")

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any,
                              strict: bool, missing_keys: Any, unexpected_keys: Any,
                              error_msgs: Any) -> None:
        version = local_metadata.get("version", None)
        key = prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            # States of version 1 did not count batches.
            count = self.num_batches_tracked
            state_dict[key] = full((), 0, dtype=int64) if count is None else count
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys,
                                      unexpected_keys, error_msgs)


class _BatchNorm(_NormBase):
    """The forward pass of batch normalisation; subclasses check the number of dimensions."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
                 affine: bool = True, track_running_stats: bool = True, device: Any = None,
                 dtype: Any = None, *, bias: bool = True) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype,
                         bias=bias)

    def forward(self, input: Any) -> Any:
        self._check_input_dim(input)
        factor = self._count_batch()
        kept = not self.training or self.track_running_stats
        mean = self.running_mean if kept else None
        var = self.running_var if kept else None
        by_batch = self.training or (self.running_mean is None and self.running_var is None)
        return F.batch_norm(input, mean, var, self.weight, self.bias, by_batch, factor, self.eps)

    def _count_batch(self) -> Any:
        """Count a training batch; the weight of its statistics in the running ones."""
        factor: Any = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:  # the plain average of all batches
                factor = 1.0 / self.num_batches_tracked.double()
        return factor


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """A normalisation that takes num_features from the first input."""

    def __init__(self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, device: Any = None, dtype: Any = None, *,
                 bias: bool = True) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = full((), 0, dtype=int64, device=device)

    def reset_parameters(self) -> None:
        """Reset statistics and parameters, once the shapes are known."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Any) -> None:
        """Take num_features from an input.

        Args:
            input: the first input, (N, C, …).
        """
        if not self.has_uninitialized_params():
            return
        self.num_features = input.shape[1]
        shape = (self.num_features,)
        if self.affine:
            self.weight.materialize(shape)
            if self.bias is not None:
                self.bias.materialize(shape)
        if self.track_running_stats:
            self.running_mean.materialize(shape)
            self.running_var.materialize(shape)
        self.reset_parameters()


class _TwoOrThree:
    def _check_input_dim(self, input: Any) -> None:
        if input.dim() not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.dim()}D input)")


class _Four:
    def _check_input_dim(self, input: Any) -> None:
        if input.dim() != 4:
            raise ValueError(f"expected 4D input (got {input.dim()}D input)")


class _Five:
    def _check_input_dim(self, input: Any) -> None:
        if input.dim() != 5:
            raise ValueError(f"expected 5D input (got {input.dim()}D input)")


class BatchNorm1d(_TwoOrThree, _BatchNorm):
    r"""Normalises each feature over the batch: $y = (x - E[x]) / \sqrt{Var[x] + eps} · w + b$.

    In training the statistics are those of the batch, and running averages of them are kept,
    which take their place in evaluation.

    Args:
        num_features: number C of features.
        eps: added to the variance. Default: 1e-5.
        momentum: weight of the newest batch in the running averages; None: the plain average of
            all batches. Default: 0.1.
        affine: learn weight and bias. Default: True.
        track_running_stats: keep running averages. Default: True.
        device: where parameters and buffers live.
        dtype: their type; default: the default dtype.
        bias: learn the bias, where affine. Default: True.

    Shape:
        (N, C) or (N, C, L) to the same shape.

    Raises:
        ValueError: input of another number of dimensions; one value per channel in training.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.BatchNorm1d(1, eps=0.)
        >>> layer(torch.tensor([[1.], [3.]])).detach()
        tensor([[-1.],
                [ 1.]])
        >>> layer.running_mean
        tensor([0.2000])

    Source: Ioffe and Szegedy 2015; torch.nn.BatchNorm1d
    """


class BatchNorm2d(_Four, _BatchNorm):
    """Normalises each channel over the batch and the pixels of images (N, C, H, W).

    Args: those of `BatchNorm1d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.BatchNorm2d(3)(torch.zeros(2, 3, 4, 4)).shape
        torch.Size([2, 3, 4, 4])

    Source: Ioffe and Szegedy 2015; torch.nn.BatchNorm2d
    """


class BatchNorm3d(_Five, _BatchNorm):
    """Normalises each channel over the batch and the voxels of volumes (N, C, D, H, W).

    Args: those of `BatchNorm1d`.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.BatchNorm3d(3)(torch.zeros(2, 3, 4, 4, 4)).shape
        torch.Size([2, 3, 4, 4, 4])

    Source: Ioffe and Szegedy 2015; torch.nn.BatchNorm3d
    """


class LazyBatchNorm1d(_TwoOrThree, _LazyNormBase, _BatchNorm):
    """A `BatchNorm1d` that takes num_features from the first input.

    Args: those of `BatchNorm1d` without num_features.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.LazyBatchNorm1d()
        >>> _ = layer(torch.zeros(2, 3))
        >>> layer.num_features
        3

    Source: torch.nn.LazyBatchNorm1d
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_Four, _LazyNormBase, _BatchNorm):
    """A `BatchNorm2d` that takes num_features from the first input.

    Args: those of `BatchNorm1d` without num_features.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LazyBatchNorm2d()(torch.zeros(2, 3, 1, 1)).shape
        torch.Size([2, 3, 1, 1])

    Source: torch.nn.LazyBatchNorm2d
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_Five, _LazyNormBase, _BatchNorm):
    """A `BatchNorm3d` that takes num_features from the first input.

    Args: those of `BatchNorm1d` without num_features.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.LazyBatchNorm3d()(torch.zeros(2, 3, 1, 1, 1)).shape
        torch.Size([2, 3, 1, 1, 1])

    Source: torch.nn.LazyBatchNorm3d
    """

    cls_to_become = BatchNorm3d


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation for several processes; in one process a batch normalisation like others.

    Args:
        num_features, eps, momentum, affine, track_running_stats, device, dtype, bias: those of
            `BatchNorm1d`.
        process_group: the processes whose batches are normalised together. Default: None.

    Raises:
        ValueError: no dimension of channels, or no channels.

    Example:
        >>> import flambeau as torch
        >>> layer = torch.nn.SyncBatchNorm(2).eval()
        >>> layer(torch.zeros(1, 2)).shape
        torch.Size([1, 2])

    Source: torch.nn.SyncBatchNorm
    """

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
                 affine: bool = True, track_running_stats: bool = True, process_group: Any = None,
                 device: Any = None, dtype: Any = None, *, bias: bool = True) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype,
                         bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Any) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    def _check_non_zero_input_channels(self, input: Any) -> None:
        if input.size(1) == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    def forward(self, input: Any) -> Any:
        self._check_input_dim(input)
        self._check_non_zero_input_channels(input)
        return super().forward(input)

    @classmethod
    def convert_sync_batchnorm(cls, module: Any, process_group: Any = None) -> Any:
        """Replace all batch normalisations in a module by `SyncBatchNorm`.

        Args:
            module: a module, with others in it or not.
            process_group: the processes that are normalised together. Default: None.

        Returns:
            The module, or its replacement.
        """
        converted = module
        if isinstance(module, _BatchNorm):
            converted = cls(module.num_features, module.eps, module.momentum, module.affine,
                            module.track_running_stats, process_group,
                            bias=module.affine and module.bias is not None)
            if module.affine:
                converted.weight, converted.bias = module.weight, module.bias
            converted.running_mean = module.running_mean
            converted.running_var = module.running_var
            converted.num_batches_tracked = module.num_batches_tracked
            converted.training = module.training
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return converted
