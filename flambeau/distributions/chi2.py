"""The chi-squared distribution."""

from __future__ import annotations

from typing import Any

from . import constraints
from .gamma import Gamma

__all__ = ["Chi2"]


class Chi2(Gamma):
    """The distribution of the sum of df squared standard normal numbers: Gamma(df / 2, 1 / 2).

    Args:
        df: degrees of freedom.
        validate_args: as for `Distribution`.

    Source: torch.distributions.Chi2.
    """

    arg_constraints = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    def _declared(self) -> dict[str, Any]:
        return Gamma.arg_constraints

    @property
    def df(self) -> Any:
        """Degrees of freedom."""
        return self.concentration * 2
