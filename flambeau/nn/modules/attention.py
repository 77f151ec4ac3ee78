"""Multi-head attention."""

from __future__ import annotations

from typing import Any

from flambeau.nn import functional as F
from flambeau.nn.init import constant_, xavier_normal_, xavier_uniform_
from flambeau.nn.modules.linear import NonDynamicallyQuantizableLinear
from flambeau.nn.modules.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.tensor.creation import empty

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    r"""Attention in several heads: $\text{concat}(\text{head}_1, …) W^O$.

    Head i is softmax(Q Kᵀ / √d) V of projections of query, key and value.

    Args:
        embed_dim: E, features of the query and of the output.
        num_heads: heads; they divide E.
        dropout: probability that a weight is dropped while training. Default: 0.
        bias: learn biases of the projections. Default: True.
        add_bias_kv: learn one more key and value. Default: False.
        add_zero_attn: add a key and a value of zeros. Default: False.
        kdim: features of the key; default: E.
        vdim: features of the value; default: E.
        batch_first: inputs and outputs are (N, L, E) rather than (L, N, E). Default: False.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Raises:
        AssertionError: the heads do not divide E.
        ValueError: embed_dim or num_heads is not positive.

    Example:
        >>> import flambeau as torch
        >>> attention = torch.nn.MultiheadAttention(8, 2)
        >>> x = torch.zeros(4, 3, 8)
        >>> output, weights = attention(x, x, x)
        >>> output.shape, weights.shape
        (torch.Size([4, 3, 8]), torch.Size([3, 4, 4]))

    Source: torch.nn.MultiheadAttention
    """

    __constants__ = ["batch_first"]
    in_proj_weight: Any
    q_proj_weight: Any
    k_proj_weight: Any
    v_proj_weight: Any
    in_proj_bias: Any
    bias_k: Any
    bias_v: Any

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                f"num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")

        def parameter(*shape: int) -> Parameter:
            return Parameter(empty(shape, device=device, dtype=dtype))

        same = self._qkv_same_embed_dim
        widths = {"q": embed_dim, "k": self.kdim, "v": self.vdim}
        if same:
            self.in_proj_weight = parameter(3 * embed_dim, embed_dim)
        for name, width in widths.items():
            weight = None if same else parameter(embed_dim, width)
            self.register_parameter(f"{name}_proj_weight", weight)
        if not same:
            self.register_parameter("in_proj_weight", None)
        self.register_parameter("in_proj_bias", parameter(3 * embed_dim) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, device=device, dtype=dtype
        )
        self.bias_k = parameter(1, 1, embed_dim) if add_bias_kv else None
        self.bias_v = parameter(1, 1, embed_dim) if add_bias_kv else None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        names = ("in_proj", "q_proj", "k_proj", "v_proj")
        for weight in (getattr(self, name + "_weight") for name in names):
            if weight is not None:
                xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            constant_(self.in_proj_bias, 0.0)
            constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                xavier_normal_(bias)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        turned = self.batch_first and query.dim() == 3
        if turned:  # one view for inputs that are one tensor: one projection then serves all
            views = {id(x): x.transpose(1, 0) for x in (query, key, value)}
            query, key, value = (views[id(x)] for x in (query, key, value))
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (output.transpose(1, 0) if turned else output), weights

    def merge_masks(
        self, attn_mask: Any, key_padding_mask: Any, query: Any
    ) -> tuple[Any, int | None]:
        """One mask of both, and its kind: 1 for padding alone, 2 with attn_mask, None for none.

        Args:
            attn_mask: (L, L) or (N · heads, L, L), or None.
            key_padding_mask: (N, L), or None.
            query: (N, L, E).
        """
        if attn_mask is None:
            return key_padding_mask, None if key_padding_mask is None else 1
        batch, length, _ = query.shape
        if attn_mask.dim() == 3:
            mask = attn_mask.view(batch, -1, length, length)
        else:
            mask = attn_mask.view(1, 1, length, length).expand(batch, self.num_heads, -1, -1)
        if key_padding_mask is not None:
            padding = key_padding_mask.view(batch, 1, 1, length)
            mask = mask + padding.expand(-1, self.num_heads, -1, -1)
        return mask, 2


# Pickled and found under the name of the file that PyTorch has it in.
MultiheadAttention.__module__ = "flambeau.nn.modules.activation"
