"""Scaled dot-product attention, alone and in several heads."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import generator as streams
from ..autograd.base import TensorBase, wrap
from ..autograd.record import Value, Values, op
from ..dtype import FLOATING, bool_, float32, scalar_name
from ..graph import leaf
from ..ops import arithmetic as ar
from ..ops import elementwise as ew
from ..ops import reduction as rd
from ..ops.movement import concatenate, expand, permute, reshape, strided_slice, zeros
from .linear import linear, matmul
from .softmax import softmax

_C_NAMES = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16",
    "int64": "long int", "int32": "int", "int16": "short int", "int8": "signed char",
    "uint8": "unsigned char", "bool": "bool", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>"}
NEGATIVE_INFINITY = float("-inf")


class Backends:
    """Which of PyTorch's backends `nn.attention.sdpa_kernel` allows; here they differ in name only.

    Attributes:
        allowed: their names in order.
    """

    allowed: tuple[str, ...] = ("CUDNN_ATTENTION", "FLASH_ATTENTION", "EFFICIENT_ATTENTION",
                                "MATH", "OVERRIDEABLE")


# ---- the formula -------------------------------------------------------------------------------

def _masked(scores: Any, mask: Any, keep: bool) -> Any:
    """Scores with a mask: booleans say what to keep (or drop), numbers are added."""
    if mask.dtype is not bool_:
        return scores + mask
    outside = ar.literal(NEGATIVE_INFINITY, scores.dtype)
    return ar.where(mask, scores, outside) if keep else ar.where(mask, outside, scores)


def _causal(scores: Any) -> Any:
    """Scores of keys after the query are dropped."""
    rows, columns = scores.shape[-2:]
    later = ar.with_dims(rd.iota(n=columns), (0,)) > ar.with_dims(rd.iota(n=rows), (1,))
    return ar.where(later, ar.literal(NEGATIVE_INFINITY, scores.dtype), scores)


def _weights(scores: Any) -> Any:
    """Softmax over the keys; zeros where all of them are masked."""
    axis = scores.ndim - 1
    if not scores.shape[axis]:
        return scores
    top = ew.stop_gradient(rd.reduce_max(scores, axes=(axis,)))
    top = ar.where(top.eq(NEGATIVE_INFINITY), ar.literal(0, top.dtype), top)
    e = ew.exp(scores - ar.with_dims(top, (axis,)))
    total = rd.reduce_sum(e, axes=(axis,))
    total = ar.where(total.eq(0), ar.literal(1, total.dtype), total)
    return e / ar.with_dims(total, (axis,))


def _grouped(query: Any, heads: int) -> Any:
    """Queries of all heads that share a key head, one below the other."""
    *lead, own, length, width = query.shape
    return reshape(query, shape=(*lead, heads, own // heads * length, width))


def _check(query: Any, key: Any, value: Any, mask: Any, causal: bool) -> None:
    """Raise PyTorch's errors for operands that do not fit."""
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise RuntimeError("Expected query, key, and value to all be  at least 2 dimensional, but "
                           f"got query.dim: {query.ndim} key.dim: {key.ndim} and value.dim: "
                           f"{value.ndim} instead.")
    if query.dtype.category < FLOATING:
        raise RuntimeError(f"expected scalar type Float but found {scalar_name(query.dtype)}")
    if mask is None:
        return
    if mask.dtype not in (bool_, float32, query.dtype):
        raise RuntimeError("Expected attn_mask dtype to be bool or float or to match query dtype, "
                           f"but got attn_mask.dtype: {_C_NAMES[mask.dtype.name]} and  "
                           f"query.dtype: {_C_NAMES[query.dtype.name]} instead.")
    if causal:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set "
                           "when is_causal=True")


def _fits_fused(query: Any, key: Any, value: Any) -> bool:
    """Whether PyTorch's fused kernel takes operands of these shapes."""
    return (len(query) == len(key) == len(value) == 4 and query[3] == key[3] == value[3]
            and query[0] == key[0] == value[0])


def _name(specs: Any, static: Any) -> str:
    """PyTorch's name of the last step: a fused kernel, or the product with the values."""
    shapes = [s.shape for s in specs[:3]]
    query, key, value = shapes
    if not math.prod(query[:-1]) or not math.prod(key[:-1]):
        return "AddBackward0"
    if static[2] and _fits_fused(*shapes) and specs[4] is None:
        return "ScaledDotProductFlashAttentionForCpuBackward0"
    if specs[0].dtype.is_reduced:
        return "ToCopyBackward0"
    return "MmBackward0" if all(len(s) == 2 for s in shapes) else "UnsafeViewBackward0"


@op(name="scaled_dot_product_attention", grad=_name)
def _attention(query: Value, key: Value, value: Value, attn_mask: Value = None,
               kept: Value = None, share: Value = None, scale: Value = None,
               is_causal: bool = False,
               enable_gqa: bool = False, fused: bool = True) -> Any:
    usable = fused and kept is None and _fits_fused(query.shape, key.shape, value.shape)
    _check(query, key, value, attn_mask, is_causal and not usable)
    dtype = query.dtype
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    heads, shape = None, ()
    if enable_gqa and query.ndim > 2 and query.shape[-3] != key.shape[-3]:
        heads, shape = key.shape[-3], query.shape[:-1]
        if not heads or query.shape[-3] % heads or heads != value.shape[-3]:
            raise RuntimeError("Number of heads in key and value must divide the number of heads "
                               "in ")
        query = _grouped(query, heads)
    scores = matmul(query, permute(key, dims=(*range(key.ndim - 2), key.ndim - 1, key.ndim - 2)))
    scores = scores * factor
    if heads:
        scores = reshape(scores, shape=(*shape, scores.shape[-1]))
    if attn_mask is not None:
        mask = attn_mask if attn_mask.dtype is bool_ else ar.astype(attn_mask, dtype)
        scores = _masked(scores, mask, True)
    weights = _weights(_causal(scores) if is_causal else scores)
    if kept is not None:
        weights = weights * (ar.astype(kept, dtype) / share)
    if not heads:
        return matmul(weights, value)
    return reshape(matmul(_grouped(weights, heads), value), shape=(*shape, value.shape[-1]))


def _survivors(shape: tuple[int, ...], p: float) -> tuple[Any, float]:
    """Which weights dropout keeps, with probability 1 - p, and what they are divided by."""
    if p == 1:
        return wrap(leaf(np.zeros(shape, np.bool_))), 1.0
    mask = streams.dropout_mask(streams.default_generator, shape, np.bool_, p)
    return wrap(leaf(mask)), 1 - p


def scaled_dot_product_attention(query: Any, key: Any, value: Any, attn_mask: Any = None,
                                 dropout_p: float = 0.0, is_causal: bool = False,
                                 scale: float | None = None, enable_gqa: bool = False) -> Any:
    """softmax(Q Kᵀ · scale + mask) V.

    Args:
        query: (*, H, L, E).
        key: (*, H, S, E).
        value: (*, H, S, V).
        attn_mask: broadcasts to (*, H, L, S): booleans are True where a key takes part, numbers
            are added to the scores. Default: None.
        dropout_p: probability that a weight is dropped (at every call). Default: 0.
        is_causal: query i sees the keys 0 … i only. Default: False.
        scale: default: 1 / √E.
        enable_gqa: key and value may have fewer heads, each shared by a group of query heads.
            Default: False.

    Returns:
        (*, H, L, V); zeros for a query whose keys are all masked.

    Raises:
        RuntimeError: where shapes, dtypes or options do not fit.

    Example:
        >>> import flambeau as torch
        >>> q, k = torch.zeros(1, 1, 2, 4), torch.zeros(1, 1, 3, 4)
        >>> torch.nn.functional.scaled_dot_product_attention(q, k, torch.ones(1, 1, 3, 2))
        tensor([[[[1., 1.],
                  [1., 1.]]]])

    Source: Vaswani et al., Attention is all you need (2017); PyTorch page
    `torch.nn.functional.scaled_dot_product_attention`.
    """
    for position, (name, x) in enumerate((("query", query), ("key", key), ("value", value)), 1):
        if not isinstance(x, TensorBase):
            raise TypeError(f"scaled_dot_product_attention(): argument '{name}' (position "
                            f"{position}) must be Tensor, not {type(x).__name__}")
    if query.dtype is not key.dtype or query.dtype is not value.dtype:
        names = [_C_NAMES[x.dtype.name] for x in (query, key, value)]
        raise RuntimeError("Expected query, key, and value to have the same dtype, but got "
                           f"query.dtype: {names[0]} key.dtype: {names[1]} and value.dtype: "
                           f"{names[2]} instead.")
    if not 0 <= dropout_p <= 1:
        raise RuntimeError("dropout probability has to be between 0 and 1, but got "
                           f"{dropout_p}")
    kept = share = None
    if dropout_p > 0 and min(query.dim(), key.dim()) >= 2:
        lead = tuple(query.shape[:-2])
        if not enable_gqa:
            lead = ar.broadcast_shape(lead, tuple(key.shape[:-2]))
        kept, share = _survivors((*lead, query.shape[-2], key.shape[-2]), dropout_p)
    flash = "FLASH_ATTENTION" in Backends.allowed
    if "MATH" not in Backends.allowed and not flash:
        raise RuntimeError("No viable backend for scaled_dot_product_attention was found. This is "
                           "likely due to turning off both the math kernel and the fused kernels.")
    if "MATH" not in Backends.allowed and kept is not None:
        raise RuntimeError("No available kernel.  Aborting execution.")
    if attn_mask is not None and attn_mask.is_floating_point() and query.dtype.is_reduced:
        attn_mask = attn_mask.to(query.dtype)
    flash = flash and not (attn_mask is not None and attn_mask.requires_grad) and all(
        x._strided()[0][-1:] == (1,) for x in (query, key, value))
    return _attention(query, key, value, attn_mask, kept, share, scale, is_causal, enable_gqa,
                      flash)


# ---- several heads -----------------------------------------------------------------------------

def _split_columns(x: Any, parts: int) -> list[Any]:
    """Equal parts of the last dimension."""
    width = x.shape[-1] // parts
    return [strided_slice(x, start=(*(0,) * (x.ndim - 1), i * width), shape=(*x.shape[:-1], width),
                          step=(1,) * x.ndim) for i in range(parts)]


def _split_rows(x: Any, parts: int) -> list[Any]:
    n = x.shape[0] // parts
    return [strided_slice(x, start=(i * n, *(0,) * (x.ndim - 1)), shape=(n, *x.shape[1:]),
                          step=(1,) * x.ndim) for i in range(parts)]


def _projected(inputs: Any, which: tuple[int, int, int], weights: Any, bias: Any) -> list[Any]:
    """Queries, keys and values; one product where they come from one tensor."""
    if len(weights) == 1 and which == (0, 0, 0):
        return _split_columns(linear(inputs[0], weights[0], bias), 3)
    parts = _split_rows(weights[0], 3) if len(weights) == 1 else weights
    biases = _split_rows(bias, 3) if bias is not None else [None] * 3
    return [linear(inputs[i], w, b) for i, w, b in zip(which, parts, biases, strict=True)]


def _with_row(x: Any, row: Any) -> Any:
    """One more key (or value) for each sequence of the batch."""
    if row is None:
        return x
    return concatenate(x, expand(row, shape=(1, *x.shape[1:])), axis=0)


def _heads_first(x: Any, heads: int) -> Any:
    """(L, N, heads · D) as (N · heads, L, D)."""
    length, batch, width = x.shape
    x = reshape(x, shape=(length, batch * heads, width // heads))
    return permute(x, dims=(1, 0, 2))


def _with_zero(x: Any) -> Any:
    return concatenate(x, zeros((x.shape[0], 1, x.shape[2]), x), axis=1)


def _wider(mask: Any, columns: int) -> Any:
    """A mask with columns at the end that mask nothing."""
    missing = columns - mask.shape[-1]
    if not missing:
        return mask
    return concatenate(mask, zeros((*mask.shape[:-1], missing), mask), axis=mask.ndim - 1)


@op(name="multi_head_attention", grad="ViewBackward0")
def _multi_head(inputs: Values, weights: Values, bias: Value, bias_k: Value, bias_v: Value,
                attn_mask: Value, padding: Value, kept: Value, share: Value, static_k: Value,
                static_v: Value, which: Any, heads: int, zero_attn: bool, causal: bool,
                need_weights: bool) -> Any:
    """The heads' results side by side, (L · N, E), and the weights (N, heads, L, S) on demand."""
    q, k, v = _projected(inputs, which, weights, bias)
    length, batch, width = q.shape
    k, v = _with_row(k, bias_k), _with_row(v, bias_v)
    q = _heads_first(q, heads)
    k = _heads_first(k, heads) if static_k is None else static_k
    v = _heads_first(v, heads) if static_v is None else static_v
    if zero_attn:
        k, v = _with_zero(k), _with_zero(v)
    keys = k.shape[1]
    scores = matmul(q, permute(k, dims=(0, 2, 1))) * (1 / math.sqrt(q.shape[2]))
    if attn_mask is not None:
        scores = _masked(scores, _wider(attn_mask, keys), False)
    scores = reshape(scores, shape=(batch, heads, length, keys))
    if padding is not None:
        rows = reshape(_wider(padding, keys), shape=(batch, 1, 1, keys))
        scores = _masked(scores, rows, False)
    if causal:
        scores = _causal(scores)
    shares = softmax(scores, -1) if need_weights else _weights(scores)
    if kept is not None:
        shares = shares * (ar.astype(kept, shares.dtype) / share)
    mixed = matmul(reshape(shares, shape=(batch * heads, length, keys)), v)
    mixed = reshape(permute(mixed, dims=(1, 0, 2)), shape=(length * batch, width))
    return (mixed, shares) if need_weights else (mixed,)


def canonical_mask(mask: Any, name: str, other: Any = None, other_name: str = "") -> Any:
    """A mask of booleans or numbers.

    Raises:
        AssertionError: for other dtypes.
    """
    if mask is None:
        return None
    if mask.dtype is not bool_ and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and mask.dtype is not other.dtype:
        warnings.warn(f"Support for mismatched {name} and {other_name} is deprecated. Use same "
                      "type for both instead.", stacklevel=3)
    return mask


def _check_dims(query: Any, key: Any, value: Any, padding: Any, mask: Any, heads: int) -> bool:
    """Whether the inputs are batched."""
    if query.dim() not in (2, 3):
        raise AssertionError("query should be unbatched 2D or batched 3D tensor but received "
                             f"{query.dim()}-D query tensor")
    n = query.dim()
    kind = "batched (3-D)" if n == 3 else "unbatched (2-D)"
    if key.dim() != n or value.dim() != n:
        raise AssertionError(f"For {kind} `query`, expected `key` and `value` to be {n}-D but "
                             f"found {key.dim()}-D and {value.dim()}-D tensors respectively")
    if padding is not None and padding.dim() != n - 1:
        raise AssertionError(f"For {kind} `query`, expected `key_padding_mask` to be `None` or "
                             f"{n - 1}-D but found {padding.dim()}-D tensor instead")
    if mask is not None and mask.dim() not in (2, 3):
        raise AssertionError(f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D "
                             f"but found {mask.dim()}-D tensor instead")
    if mask is not None and n == 2 and mask.dim() == 3:
        expected = (heads, query.shape[0], key.shape[0])
        if tuple(mask.shape) != expected:
            raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got "
                                 f"{mask.shape}")
    return bool(n == 3)


def _check_sizes(query: Any, key: Any, value: Any, embed_dim: int, heads: int,
                 separate: bool) -> None:
    width = query.shape[2]
    if width != embed_dim:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim}, but got {width}")
    if width // heads * heads != width:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {heads}")
    if separate:
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match "
                                 f"value's {value.shape[:2]}")
    elif key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _check_weights(inputs: Any, weights: Any, separate: bool) -> None:
    names = ("q_proj_weight", "k_proj_weight", "v_proj_weight") if separate else (
        "in_proj_weight",)
    for name, w in zip(names, weights, strict=True):
        if w is None:
            raise AssertionError(f"use_separate_proj_weight is {separate} but {name} is None")
    if separate:
        width = inputs[0].shape[2]
        for name, x, w in zip(("query", "key", "value"), inputs, weights, strict=True):
            if tuple(w.shape) != (width, x.shape[2]):
                raise AssertionError(f"expecting {name} weights shape of {(width, x.shape[2])}, "
                                     f"but got {w.shape}")


def _check_mask(mask: Any, length: int, keys: int, batch: int, heads: int) -> None:
    expected = (length, keys) if mask.dim() == 2 else (batch * heads, length, keys)
    if tuple(mask.shape) != expected:
        raise RuntimeError(f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should "
                           f"be {expected}.")


def _check_extra(bias_k: Any, bias_v: Any, static_k: Any, static_v: Any, rows: int,
                 head_dim: int) -> None:
    for name, one, other in (("k", bias_k, bias_v), ("v", bias_v, bias_k)):
        if one is not None and other is None:
            raise AssertionError(f"bias_{name} is set but bias_{'kv'[name == 'k']} is None")
    for name, static in (("key", static_k), ("value", static_v)):
        if static is None:
            continue
        if bias_k is not None:
            raise AssertionError(f"bias cannot be added to static {name}.")
        for dim, size in ((0, rows), (2, head_dim)):
            if static.size(dim) != size:
                raise AssertionError(f"expecting static_{name[0]}.size({dim}) of {size}, but got "
                                     f"{static.size(dim)}")


def multi_head_attention_forward(
        query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int,
        in_proj_weight: Any, in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool,
        dropout_p: float, out_proj_weight: Any, out_proj_bias: Any, training: bool = True,
        key_padding_mask: Any = None, need_weights: bool = True, attn_mask: Any = None,
        use_separate_proj_weight: bool = False, q_proj_weight: Any = None,
        k_proj_weight: Any = None, v_proj_weight: Any = None, static_k: Any = None,
        static_v: Any = None, average_attn_weights: bool = True,
        is_causal: bool = False) -> tuple[Any, Any]:
    """Attention in several heads, with projections before and after.

    Args:
        query: (L, N, E) or (L, E).
        key: (S, N, Ek) or (S, Ek).
        value: (S, N, Ev) or (S, Ev).
        embed_dim_to_check: E.
        num_heads: heads; they divide E.
        in_proj_weight: (3E, E), for query, key and value.
        in_proj_bias: (3E,) or None.
        bias_k: (1, 1, E), one more key; or None.
        bias_v: (1, 1, E), one more value; or None.
        add_zero_attn: add a key and a value of zeros.
        dropout_p: probability that a weight is dropped while training.
        out_proj_weight: (E, E).
        out_proj_bias: (E,) or None.
        training: whether dropout is active. Default: True.
        key_padding_mask: (N, S) or (S,): True for keys to ignore, or numbers to add.
        need_weights: return the weights too. Default: True.
        attn_mask: (L, S) or (N · heads, L, S): True for scores to ignore, or numbers to add.
        use_separate_proj_weight: use the three weights that follow. Default: False.
        q_proj_weight: (E, E).
        k_proj_weight: (E, Ek).
        v_proj_weight: (E, Ev).
        static_k: (N · heads, S, E / heads), keys to use instead.
        static_v: (N · heads, S, E / heads), values to use instead.
        average_attn_weights: return the mean of the weights over the heads. Default: True.
        is_causal: the mask is causal: a hint that needs attn_mask. Default: False.

    Returns:
        The output (L, N, E), and the weights (N, L, S), (N, heads, L, S) without averaging, or
        None; without N where the inputs have none.

    Raises:
        AssertionError: where shapes do not fit.
        RuntimeError: where a mask does not fit.

    Source: Vaswani et al., Attention is all you need (2017); PyTorch page
    `torch.nn.functional.multi_head_attention_forward`.
    """
    batched = _check_dims(query, key, value, key_padding_mask, attn_mask, num_heads)
    inputs = [query, key, value]
    which = (0, 0 if key is query else 1, 0 if value is query else 1 if value is key else 2)
    if not batched:
        inputs = [x.unsqueeze(1) for x in inputs]
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, width = inputs[0].shape
    padding = canonical_mask(key_padding_mask, "key_padding_mask", attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint. You may use the "
                           "Transformer module method `generate_square_subsequent_mask` to create "
                           "this mask.")
    causal = is_causal and padding is None and not need_weights
    mask = None if causal else canonical_mask(attn_mask, "attn_mask")
    _check_sizes(inputs[0], inputs[1], inputs[2], embed_dim_to_check, num_heads,
                 use_separate_proj_weight)
    weights = ((q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight
               else (in_proj_weight,))
    _check_weights(inputs, weights, use_separate_proj_weight)
    keys = inputs[1].shape[0]
    if mask is not None:
        _check_mask(mask, length, keys, batch, num_heads)
    _check_extra(bias_k, bias_v, static_k, static_v, batch * num_heads, width // num_heads)
    keys = (keys if static_k is None else static_k.size(1)) + (bias_k is not None) + add_zero_attn
    kept = share = None
    if training and dropout_p > 0:
        kept, share = _survivors((batch, num_heads, length, keys), dropout_p)
    distinct = [x for i, x in enumerate(inputs) if i == which[i]]
    places = tuple(sorted(set(which)).index(i) for i in which)
    mixed, *shares = _multi_head(distinct, weights, in_proj_bias, bias_k, bias_v, mask, padding,
                                 kept, share, static_k, static_v, places, num_heads,
                                 add_zero_attn, causal, need_weights)
    output = linear(mixed, out_proj_weight, out_proj_bias).view(length, batch, -1)
    if not batched:
        output = output.squeeze(1)
    if not need_weights:
        return output, None
    result = shares[0].mean(dim=1) if average_attn_weights else shares[0]
    return output, result if batched else result.squeeze(0)
