"""Vision transformers: an image as a sequence of patches."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from flambeau import nn
from flambeau.functional.joining import cat
from flambeau.tensor import Tensor
from flambeau.tensor.creation import empty, zeros
from flambeau.vision.models.weights import WeightsEnum, published
from flambeau.vision.ops.misc import MLP, Conv2dNormActivation

Layer = Callable[..., nn.Module]
LAYER_NORM: Layer = partial(nn.LayerNorm, eps=1e-6)


class ViT_B_16_Weights(WeightsEnum):
    """Weights published for `vit_b_16`."""

    IMAGENET1K_V1 = "vit_b_16-c867db91.pth"
    DEFAULT = IMAGENET1K_V1


class ViT_B_32_Weights(WeightsEnum):
    """Weights published for `vit_b_32`."""

    IMAGENET1K_V1 = "vit_b_32-d86f8d99.pth"
    DEFAULT = IMAGENET1K_V1


class ViT_L_16_Weights(WeightsEnum):
    """Weights published for `vit_l_16`."""

    IMAGENET1K_V1 = "vit_l_16-852ce7e3.pth"
    DEFAULT = IMAGENET1K_V1


class ViT_L_32_Weights(WeightsEnum):
    """Weights published for `vit_l_32`."""

    IMAGENET1K_V1 = "vit_l_32-c7638314.pth"
    DEFAULT = IMAGENET1K_V1


class ConvStemConfig(NamedTuple):
    """One convolution of a stem."""

    out_channels: int
    kernel_size: int
    stride: int
    norm_layer: Layer = nn.BatchNorm2d
    activation_layer: Layer = nn.ReLU


class MLPBlock(MLP):
    """The two linear layers of a transformer's block.

    Args:
        in_dim: features of input and output.
        mlp_dim: features between.
        dropout: probability behind each layer.
    """

    _version = 2

    def __init__(self, in_dim: int, mlp_dim: int, dropout: float) -> None:
        super().__init__(in_dim, [mlp_dim, in_dim], activation_layer=nn.GELU, dropout=dropout)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.normal_(module.bias, std=1e-6)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any,
                              *rest: Any) -> None:
        if (local_metadata.get("version") or 1) < 2:  # the layers had names before they had numbers
            for name, number in (("linear_1", 0), ("linear_2", 3)):
                for part in ("weight", "bias"):
                    if (old := f"{prefix}{name}.{part}") in state_dict:
                        state_dict[f"{prefix}{number}.{part}"] = state_dict.pop(old)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class EncoderBlock(nn.Module):
    """Self-attention and two linear layers, each behind its normalization, beside shortcuts.

    Args:
        num_heads: heads of the attention.
        hidden_dim, mlp_dim: features outside and inside the linear layers.
        dropout, attention_dropout: probabilities.
        norm_layer: makes the normalization.
    """

    def __init__(self, num_heads: int, hidden_dim: int, mlp_dim: int, dropout: float,
                 attention_dropout: float, norm_layer: Layer) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.ln_1 = norm_layer(hidden_dim)
        self.self_attention = nn.MultiheadAttention(hidden_dim, num_heads,
                                                    dropout=attention_dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = norm_layer(hidden_dim)
        self.mlp = MLPBlock(hidden_dim, mlp_dim, dropout)

    def forward(self, input: Tensor) -> Tensor:
        """Maps (N, S, hidden_dim) to the same shape."""
        if input.dim() != 3:
            raise AssertionError(f"Expected (batch_size, seq_length, hidden_dim) got {input.shape}")
        x = self.ln_1(input)
        x = self.dropout(self.self_attention(x, x, x, need_weights=False)[0]) + input
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class Encoder(nn.Module):
    """Position embeddings, blocks and a last normalization.

    Args:
        seq_length: places of a sequence.
        num_layers: blocks.
        others: see `EncoderBlock`.
    """

    def __init__(self, seq_length: int, num_layers: int, num_heads: int, hidden_dim: int,
                 mlp_dim: int, dropout: float, attention_dropout: float,
                 norm_layer: Layer = LAYER_NORM) -> None:
        super().__init__()
        start = empty(1, seq_length, hidden_dim).normal_(std=0.02)
        self.pos_embedding = nn.Parameter(start)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.Sequential()
        for k in range(num_layers):
            self.layers.add_module(f"encoder_layer_{k}", EncoderBlock(
                num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer))
        self.ln = norm_layer(hidden_dim)

    def forward(self, input: Tensor) -> Tensor:
        """Maps (N, seq_length, hidden_dim) to the same shape."""
        out: Tensor = self.ln(self.layers(self.dropout(input + self.pos_embedding)))
        return out


class VisionTransformer(nn.Module):
    """Patches as a sequence with a class token in front, an encoder, a linear layer.

    Args:
        image_size: height and width of images.
        patch_size: of patches; it divides `image_size`.
        num_layers, num_heads, hidden_dim, mlp_dim: see `Encoder`.
        dropout, attention_dropout: probabilities. Default: 0.
        num_classes: outputs. Default: 1000.
        representation_size: features of a further layer before the last one.
        norm_layer: makes the normalization.
        conv_stem_configs: convolutions in place of cutting patches.

    Raises:
        AssertionError: images of another size.

    Source: Dosovitskiy et al. 2020, "An Image is Worth 16x16 Words"; torchvision,
    vision_transformer.
    """

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
        representation_size: int | None = None,
        norm_layer: Layer = LAYER_NORM,
        conv_stem_configs: list[ConvStemConfig] | None = None,
    ) -> None:
        super().__init__()
        if image_size % patch_size:
            raise AssertionError("Input shape indivisible by patch size!")
        self.image_size, self.patch_size = image_size, patch_size
        self.hidden_dim, self.mlp_dim = hidden_dim, mlp_dim
        self.attention_dropout, self.dropout = attention_dropout, dropout
        self.num_classes, self.representation_size = num_classes, representation_size
        self.norm_layer = norm_layer
        self.conv_proj: Any = (
            nn.Conv2d(3, hidden_dim, kernel_size=patch_size, stride=patch_size)
            if conv_stem_configs is None else _stem(conv_stem_configs, hidden_dim))
        self.class_token = nn.Parameter(zeros(1, 1, hidden_dim))
        self.seq_length = (image_size // patch_size) ** 2 + 1
        self.encoder = Encoder(self.seq_length, num_layers, num_heads, hidden_dim, mlp_dim, dropout,
                               attention_dropout, norm_layer)
        self.heads = nn.Sequential()
        if representation_size is not None:
            self.heads.add_module("pre_logits", nn.Linear(hidden_dim, representation_size))
            self.heads.add_module("act", nn.Tanh())
        self.heads.add_module("head", nn.Linear(representation_size or hidden_dim, num_classes))
        self._initialize()

    def _initialize(self) -> None:
        stem = self.conv_proj
        if isinstance(stem, nn.Conv2d):
            fan_in = stem.in_channels * stem.kernel_size[0] * stem.kernel_size[1]
            nn.init.trunc_normal_(stem.weight, std=math.sqrt(1 / fan_in))
        else:
            stem = stem.conv_last
            nn.init.normal_(stem.weight, mean=0.0, std=math.sqrt(2.0 / stem.out_channels))
        nn.init.zeros_(stem.bias)
        if self.representation_size is not None:
            layer: Any = self.heads.pre_logits
            nn.init.trunc_normal_(layer.weight, std=math.sqrt(1 / layer.in_features))
            nn.init.zeros_(layer.bias)
        head: Any = self.heads.head
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)

    def _process_input(self, x: Tensor) -> Tensor:
        """Maps images to patches (N, seq_length - 1, hidden_dim)."""
        for name, size in (("height", x.shape[2]), ("width", x.shape[3])):
            if size != self.image_size:
                raise AssertionError(f"Wrong image {name}! Expected {self.image_size} but got "
                                     f"{size}!")
        patches: Tensor = self.conv_proj(x)
        return patches.reshape(len(x), self.hidden_dim, -1).permute(0, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps images (N, 3, image_size, image_size) to scores (N, num_classes)."""
        x = self._process_input(x)
        x = cat([self.class_token.expand(len(x), -1, -1), x], dim=1)
        scores: Tensor = self.heads(self.encoder(x)[:, 0])
        return scores


def _stem(configs: list[ConvStemConfig], hidden_dim: int) -> nn.Sequential:
    stem, channels = nn.Sequential(), 3
    for k, config in enumerate(configs):
        stem.add_module(f"conv_bn_relu_{k}", Conv2dNormActivation(
            channels, config.out_channels, config.kernel_size, config.stride,
            norm_layer=config.norm_layer, activation_layer=config.activation_layer))
        channels = config.out_channels
    stem.add_module("conv_last", nn.Conv2d(channels, hidden_dim, kernel_size=1))
    return stem


@published(ViT_B_16_Weights)
def vit_b_16(
    *, weights: ViT_B_16_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> VisionTransformer:
    """ViT-B/16: 86,567,656 parameters.

    Args:
        weights: None, `ViT_B_16_Weights` or the path of a state_dict.
        progress: say what is downloaded.
        **kwargs: arguments of `VisionTransformer`; `image_size` is 224 by default.
    """
    return VisionTransformer(kwargs.pop("image_size", 224), 16, 12, 12, 768, 3072, **kwargs)


@published(ViT_B_32_Weights)
def vit_b_32(
    *, weights: ViT_B_32_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> VisionTransformer:
    """ViT-B/32: 88,224,232 parameters; arguments as for `vit_b_16`."""
    return VisionTransformer(kwargs.pop("image_size", 224), 32, 12, 12, 768, 3072, **kwargs)


@published(ViT_L_16_Weights)
def vit_l_16(
    *, weights: ViT_L_16_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> VisionTransformer:
    """ViT-L/16: 304,326,632 parameters; arguments as for `vit_b_16`."""
    return VisionTransformer(kwargs.pop("image_size", 224), 16, 24, 16, 1024, 4096, **kwargs)


@published(ViT_L_32_Weights)
def vit_l_32(
    *, weights: ViT_L_32_Weights | str | None = None, progress: bool = True, **kwargs: Any
) -> VisionTransformer:
    """ViT-L/32: 306,535,400 parameters; arguments as for `vit_b_16`."""
    return VisionTransformer(kwargs.pop("image_size", 224), 32, 24, 16, 1024, 4096, **kwargs)
