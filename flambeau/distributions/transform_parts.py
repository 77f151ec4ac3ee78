"""Transforms of parts of a tensor, and by the cumulative function of a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..functional.joining import cat, stack
from . import constraints
from .distribution import Distribution
from .transform import Transform
from .utils import lazy_property, sum_rightmost


def _require_transforms(parts: Sequence[Any], cache_size: int) -> list[Any]:
    if not all(isinstance(t, Transform) for t in parts):
        raise AssertionError("All elements of tseq must be Transform instances")
    return [t.with_cache(cache_size) for t in parts] if cache_size else list(parts)


def _require_size(name: str, x: Any, dim: int, wanted: int, what: str) -> None:
    if not -x.dim() <= dim < x.dim():
        raise AssertionError(f"dim {dim} out of range for tensor with {x.dim()} dimensions")
    if x.size(dim) != wanted:
        raise AssertionError(f"{name}.size({dim}) = {x.size(dim)} must equal {what} {wanted}")


class CatTransform(Transform):
    """Transforms of consecutive parts along a dimension.

    Args:
        tseq: the transforms.
        dim: the dimension. Default: 0.
        lengths: sizes of the parts. Default: 1 each.
        cache_size: as for `Transform`.
    """

    def __init__(self, tseq: Sequence[Any], dim: int = 0, lengths: Sequence[int] | None = None,
                 cache_size: int = 0) -> None:
        self.transforms = _require_transforms(tseq, cache_size)
        super().__init__(cache_size=cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(f"lengths ({len(self.lengths)}) must match transforms "
                                 f"({len(self.transforms)})")
        self.dim = dim

    @lazy_property
    def event_dim(self) -> int:
        """The largest of the parts."""
        return max(t.event_dim for t in self.transforms)

    @lazy_property
    def length(self) -> int:
        """The size of all parts together."""
        return sum(self.lengths)

    def _copy(self, cache_size: int) -> Any:
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _pieces(self, name: str, x: Any) -> Any:
        _require_size(name, x, self.dim, self.length, "length")
        return x.split(self.lengths, self.dim)

    def _call(self, x: Any) -> Any:
        return cat([t(v) for t, v in zip(self.transforms, self._pieces("x", x), strict=True)],
                   self.dim)

    def _inverse(self, y: Any) -> Any:
        return cat([t.inv(v) for t, v in zip(self.transforms, self._pieces("y", y), strict=True)],
                   self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        terms = []
        for t, before, after in zip(self.transforms, self._pieces("x", x), self._pieces("y", y),
                                    strict=True):
            terms.append(sum_rightmost(t.log_abs_det_jacobian(before, after),
                                       self.event_dim - t.event_dim))
        dim = (self.dim - x.dim() if self.dim >= 0 else self.dim) + self.event_dim
        return cat(terms, dim) if dim < 0 else sum(terms)

    @property
    def bijective(self) -> bool:
        """Whether all are."""
        return all(t.bijective for t in self.transforms)

    @constraints.dependent_property
    def domain(self) -> Any:
        """The parts' domains."""
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """The parts' codomains."""
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(Transform):
    """Transforms of the slices along a dimension.

    Args:
        tseq: the transforms.
        dim: the dimension. Default: 0.
        cache_size: as for `Transform`.
    """

    def __init__(self, tseq: Sequence[Any], dim: int = 0, cache_size: int = 0) -> None:
        self.transforms = _require_transforms(tseq, cache_size)
        super().__init__(cache_size=cache_size)
        self.dim = dim

    def _copy(self, cache_size: int) -> Any:
        return StackTransform(self.transforms, self.dim, cache_size)

    def _pieces(self, name: str, x: Any) -> Any:
        _require_size(name, x, self.dim, len(self.transforms), "len(transforms)")
        return x.unbind(self.dim)

    def _call(self, x: Any) -> Any:
        return stack([t(v) for t, v in zip(self.transforms, self._pieces("x", x), strict=True)],
                     self.dim)

    def _inverse(self, y: Any) -> Any:
        return stack([t.inv(v) for t, v in zip(self.transforms, self._pieces("y", y),
                                               strict=True)], self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return stack([t.log_abs_det_jacobian(before, after) for t, before, after in zip(
            self.transforms, self._pieces("x", x), self._pieces("y", y), strict=True)], self.dim)

    @property
    def bijective(self) -> bool:
        """Whether all are."""
        return all(t.bijective for t in self.transforms)

    @constraints.dependent_property
    def domain(self) -> Any:
        """The slices' domains."""
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """The slices' codomains."""
        return constraints.stack([t.codomain for t in self.transforms], self.dim)


class CumulativeDistributionTransform(Transform):
    """The cumulative function of a distribution.

    Args:
        distribution: with `cdf`, `icdf` and `log_prob`.
        cache_size: as for `Transform`.
    """

    bijective, sign = True, +1
    codomain = constraints.unit_interval

    def __init__(self, distribution: Distribution, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        """The distribution's support."""
        return self.distribution.support

    def _copy(self, cache_size: int) -> Any:
        return CumulativeDistributionTransform(self.distribution, cache_size=cache_size)

    def _call(self, x: Any) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Any) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return self.distribution.log_prob(x)
