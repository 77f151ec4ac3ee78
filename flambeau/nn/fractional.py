"""Fractional max pooling, which draws the places of its windows."""

from __future__ import annotations

from typing import Any

from flambeau.functional.unpooling import fractional_max_pool2d_at, fractional_max_pool3d_at
from flambeau.functional.windows import per_dim
from flambeau.random import rand

__all__ = [
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]


def _fractional(
    input: Any, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Any, rank: int
) -> Any:
    name = f"fractional_max_pool{rank}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    if output_size is None:
        if rank == 2 and len(output_ratio) > 2:
            raise ValueError(
                f"{name} requires output_ratio to either be a single Int or tuple of Ints."
            )
        ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * rank
        sizes = [input.size(k - rank) for k in range(rank)]
        output_size = [int(n * ratio) for n, ratio in zip(sizes, ratios, strict=True)]
    channels = input.size(-rank - 1)
    if samples is None:
        batch = 1 if input.dim() == rank + 1 else input.size(0)
        samples = rand(batch, channels, rank, dtype=input.dtype, device=input.device)
    if samples.dim() != 3 or samples.size(2) != rank:
        raise RuntimeError(
            f"Expect _random_samples.size(2) equals to {rank}; got {samples.size(-1)}."
        )
    message = f"{name}: kernel_size must either be a single Int or tuple of Ints"
    pool = fractional_max_pool2d_at if rank == 2 else fractional_max_pool3d_at
    return pool(
        input,
        samples,
        per_dim(kernel_size, rank, message),
        per_dim(output_size, rank, message.replace("kernel_size", "output_size")),
    )


def fractional_max_pool2d_with_indices(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """`fractional_max_pool2d` together with the positions of the maxima."""
    return _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 2)


def fractional_max_pool3d_with_indices(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """`fractional_max_pool3d` together with the positions of the maxima."""
    return _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 3)


def fractional_max_pool2d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """Maxima over windows of (N, C, H, W) or (C, H, W) at random places.

    Args:
        input: floating point.
        kernel_size: size of a window.
        output_size: number of windows per dimension; or
        output_ratio: that number as a fraction of the input's size.
        return_indices: also return the flat position of each maximum. Default: False.
        _random_samples: (N, C, 2) in [0, 1): fixed places instead of random ones.

    Returns:
        (N, C, *output_size), or a pair with the positions (int64).

    Raises:
        ValueError: neither output_size nor output_ratio is given.
        RuntimeError: the windows do not fit into the input.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.functional.fractional_max_pool2d(torch.zeros(1, 1, 8, 8), 2, 5).shape
        torch.Size([1, 1, 5, 5])

    Source: torch.nn.functional.fractional_max_pool2d; Graham, Fractional Max-Pooling, 2014.
    """
    both = _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 2)
    return both if return_indices else both[0]


def fractional_max_pool3d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """Maxima over windows of (N, C, D, H, W) at random places; as `fractional_max_pool2d`."""
    both = _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 3)
    return both if return_indices else both[0]
