"""Functions without state: the public names of `torch.nn.functional`, one block per family."""

# ruff: noqa: I001

# ---- activations ---------------------------------------------------------------------------------
from flambeau.functional.gates import (
    glu,
    gumbel_softmax,
    log_softmax,
    prelu,
    rrelu,
    rrelu_,
    softmax,
    softmin,
)
from flambeau.functional.activation import (
    celu,
    celu_,
    elu,
    elu_,
    gelu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    leaky_relu,
    leaky_relu_,
    logsigmoid,
    mish,
    relu,
    relu6,
    relu_,
    selu,
    selu_,
    sigmoid,
    silu,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    threshold,
    threshold_,
)

# ---- convolutions --------------------------------------------------------------------------------
from flambeau.functional.conv import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)

# ---- dropout -------------------------------------------------------------------------------------
from flambeau.functional.dropout import dropout

# ---- embeddings ----------------------------------------------------------------------------------
from flambeau.functional.embedding import embedding

# ---- normalisation -------------------------------------------------------------------------------
from flambeau.functional.normalization import (
    batch_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    normalize,
    rms_norm,
)

# ---- linear maps ---------------------------------------------------------------------------------
from flambeau.functional.bilinear import bilinear
from flambeau.functional.linear import linear

# ---- losses --------------------------------------------------------------------------------------
from flambeau.functional.binary_loss import binary_cross_entropy, binary_cross_entropy_with_logits
from flambeau.functional.regression_loss import mse_loss
from flambeau.functional.loss import cross_entropy, nll_loss

# ---- pooling -------------------------------------------------------------------------------------
from flambeau.functional.adaptive_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d,
    adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d,
    adaptive_max_pool3d_with_indices,
)
from flambeau.functional.pooling import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool2d_with_indices,
    max_pool3d,
    max_pool3d_with_indices,
)
from flambeau.functional.unpooling import max_unpool1d, max_unpool2d, max_unpool3d
from flambeau.nn.fractional import (
    fractional_max_pool2d,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d,
    fractional_max_pool3d_with_indices,
)

# ---- images --------------------------------------------------------------------------------------
from flambeau.functional.grid import affine_grid, grid_sample
from flambeau.functional.interpolation import (
    interpolate,
    upsample,
    upsample_bilinear,
    upsample_nearest,
)
from flambeau.functional.padding import pad
from flambeau.functional.vision import channel_shuffle, fold, pixel_shuffle, pixel_unshuffle, unfold

__all__ = [name for name in dir() if not name.startswith("_")]
