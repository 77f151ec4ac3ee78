"""Functions without state: the public names of `torch.nn.functional`, one block per family."""

# ---- activations ----------------------------------------------------------------------------------
from flambeau.functional.activation import (
    celu,
    elu,
    gelu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    threshold,
)

# ---- convolutions ---------------------------------------------------------------------------------
from flambeau.functional.conv import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)

# ---- linear maps ----------------------------------------------------------------------------------
from flambeau.functional.linear import linear

# ---- losses ---------------------------------------------------------------------------------------
from flambeau.functional.loss import cross_entropy, nll_loss

# ---- pooling --------------------------------------------------------------------------------------
from flambeau.functional.softmax import log_softmax, softmax

__all__ = [name for name in dir() if not name.startswith("_")]
