"""Results with named fields: tuples whose fields also have names (`torch.return_types.max`)."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any


class NamedResult(tuple[Any, ...]):
    """A tuple of results that can also be read by name and prints one field per line.

    Example:
        >>> import flambeau as torch
        >>> torch.max(torch.tensor([[1., 3.], [4., 2.]]), 1)
        torch.return_types.max(
        values=tensor([3., 4.]),
        indices=tensor([1, 0]))
    """

    __slots__ = ()
    fields: tuple[str, ...] = ()

    def __new__(cls, sequence: Iterable[Any]) -> NamedResult:
        made = tuple.__new__(cls, sequence)
        if len(made) != len(cls.fields):
            raise TypeError(f"torch.return_types.{cls.__name__}() takes a "
                            f"{len(cls.fields)}-sequence "
                            f"({len(made)}-sequence given)")
        return made

    def __repr__(self) -> str:
        lines = [f"{name}={value!r}" for name, value in zip(self.fields, self, strict=True)]
        return f"torch.return_types.{type(self).__name__}(\n" + ",\n".join(lines) + ")"


def _named(name: str, *fields: str) -> type[NamedResult]:
    namespace: dict[str, Any] = {f: property(itemgetter(i)) for i, f in enumerate(fields)}
    namespace.update(__slots__=(), fields=fields, __module__=__name__, __doc__=None,
                     n_fields=len(fields), n_sequence_fields=len(fields))
    return type(name, (NamedResult,), namespace)


# ---- extremes and order --------------------------------------------------------------------------
max = _named("max", "values", "indices")
min = _named("min", "values", "indices")
aminmax = _named("aminmax", "min", "max")
median = _named("median", "values", "indices")
nanmedian = _named("nanmedian", "values", "indices")
mode = _named("mode", "values", "indices")
sort = _named("sort", "values", "indices")
topk = _named("topk", "values", "indices")
kthvalue = _named("kthvalue", "values", "indices")
cummax = _named("cummax", "values", "indices")
cummin = _named("cummin", "values", "indices")
histogram = _named("histogram", "hist", "bin_edges")
histogramdd = _named("histogramdd", "hist", "bin_edges")

# ---- linear algebra ------------------------------------------------------------------------------
qr = _named("qr", "Q", "R")
svd = _named("svd", "U", "S", "V")
slogdet = _named("slogdet", "sign", "logabsdet")
triangular_solve = _named("triangular_solve", "solution", "cloned_coefficient")
geqrf = _named("geqrf", "a", "tau")
lu_unpack = _named("lu_unpack", "P", "L", "U")
linalg_qr = _named("linalg_qr", "Q", "R")
linalg_svd = _named("linalg_svd", "U", "S", "Vh")
linalg_eig = _named("linalg_eig", "eigenvalues", "eigenvectors")
linalg_eigh = _named("linalg_eigh", "eigenvalues", "eigenvectors")
linalg_slogdet = _named("linalg_slogdet", "sign", "logabsdet")
linalg_inv_ex = _named("linalg_inv_ex", "inverse", "info")
linalg_solve_ex = _named("linalg_solve_ex", "result", "info")
linalg_cholesky_ex = _named("linalg_cholesky_ex", "L", "info")
linalg_lstsq = _named("linalg_lstsq", "solution", "residuals", "rank", "singular_values")
linalg_lu = _named("linalg_lu", "P", "L", "U")
linalg_lu_factor = _named("linalg_lu_factor", "LU", "pivots")
linalg_lu_factor_ex = _named("linalg_lu_factor_ex", "LU", "pivots", "info")

# ---- elementwise ---------------------------------------------------------------------------------
frexp = _named("frexp", "mantissa", "exponent")
