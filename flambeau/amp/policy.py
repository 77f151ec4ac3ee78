"""Which operations autocast computes in which dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.base import TensorBase
from ..dtype import dtype, float32, float64, promote_types

LOWER_PRECISION = frozenset("""
    _affine_grid addbmm addmm baddbmm bmm conv1d conv2d conv3d conv_transpose1d conv_transpose2d
    conv_transpose3d corrcoef cov einsum inner linear matmul mm multi_dot multi_head_attention prelu
    recurrent rnn_relu_cell rnn_tanh_cell scaled_dot_product_attention tensordot vecdot
""".split())

FULL_PRECISION = frozenset("""
    _adaptive_avg_pool3d _adaptive_max_pool3d _grid_sample _lp_pool _max_unpool1d _max_unpool2d
    _max_unpool3d _pad avg_pool3d binary_cross_entropy binary_cross_entropy_with_logits cdist
    cholesky cholesky_inverse cholesky_solve cond cosine_embedding_loss cross_entropy
    cross_entropy_probabilities ctc_loss fft_c2c fft_c2r fft_r2c fractional_max_pool2d_at
    fractional_max_pool3d_at geqrf hinge_embedding_loss huber_loss kl_div l1_loss linalg_cholesky_ex
    linalg_eig linalg_eigh linalg_householder_product linalg_inv_ex linalg_lstsq linalg_lu_factor_ex
    linalg_lu_solve linalg_pinv linalg_qr linalg_solve_ex linalg_svd margin_ranking_loss matrix_rank
    max_pool3d mse_loss multi_margin_loss multilabel_margin_loss nll_loss ormqr poisson_nll_loss
    polar prod quantile smooth_l1_loss soft_margin_loss trace triangular_solve triplet_margin_loss
    view_as_complex
""".split())

PROMOTED = frozenset("_cat _index_copy _stack stack".split())


def _rank(value: Any) -> int:
    return len(value._node.spec.shape)


# Ops that PyTorch composes of several, or has one of for each rank: when the lists hold for them.
_ONLY_WHERE: dict[str, Callable[[tuple[Any, ...], tuple[Any, ...]], bool]] = {
    "einsum": lambda values, static: len(values) > 1,
    "inner": lambda values, static: min(map(_rank, values)) > 0 and max(map(_rank, values)) > 1,
    "recurrent": lambda values, static: "gru" not in static[-1],
    "_lp_pool": lambda values, static: static[-1] == 3,
    "_pad": lambda values, static: (static[1] == "replicate"
                                    or static[1] == "reflect" and len(static[0]) < 6),
}


def _eligible(value: Any) -> bool:
    if not isinstance(value, TensorBase):
        return False
    kind = value._node.spec.dtype
    return kind.is_floating_point and kind is not float64


def _cast(values: tuple[Any, ...], target: dtype) -> tuple[Any, ...]:
    return tuple([v.to(target) if _eligible(v) and v._node.spec.dtype is not target else v
                  for v in values])


class Policy:
    """Casts the operands of each operation as autocast to one dtype prescribes.

    Args:
        target: the dtype of products and convolutions.
    """

    def __init__(self, target: dtype) -> None:
        self.target = target

    def __call__(self, name: str, values: tuple[Any, ...],
                 static: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        holds = _ONLY_WHERE.get(name)
        if holds is not None and not holds(values, static):
            return values
        if name in LOWER_PRECISION:
            return _cast(values, self.target)
        if name in FULL_PRECISION:
            return _cast(values, float32)
        if name in PROMOTED:
            kinds = [v._node.spec.dtype for v in values if _eligible(v)]
            widest = kinds[0] if kinds else self.target
            for kind in kinds:
                widest = promote_types(widest, kind)
            return _cast(values, widest)
        return values
