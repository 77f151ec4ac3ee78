"""`torch.backends.cuda`: switches of CUDA's matrix products, without effect."""

from __future__ import annotations


class MatmulSwitches:
    """How matrix products may round.

    Attributes:
        allow_tf32, allow_fp16_reduced_precision_reduction, allow_bf16_reduced_precision_reduction:
            whether less than full precision is allowed.
    """

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True


matmul = MatmulSwitches()


def is_built() -> bool:
    """Whether CUDA is built in: no."""
    return False
