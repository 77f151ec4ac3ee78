"""Conversions between kinds of images and numbers, for whole samples."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy

from flambeau.dtype import dtype as DType
from flambeau.dtype import float32
from flambeau.tensor import Tensor
from flambeau.vision.pillow import is_pil_image
from flambeau.vision.transforms.v2 import functional as F
from flambeau.vision.transforms.v2.samples import Transform, images_among, on_images


def _images_or_arrays(leaves: list[Any]) -> list[int]:
    arrays = [number for number, leaf in enumerate(leaves) if isinstance(leaf, numpy.ndarray)]
    return arrays or images_among(leaves)


class ToImage(Transform):
    """Pillow image, array (H, W, C) or tensor to tensor (C, H, W), unscaled.

    A plain tensor stands for torchvision's ``tv_tensors.Image``.

    Source: torchvision, ``transforms.v2.ToImage``.
    """

    def forward(self, *inputs: Any) -> Any:
        """The sample with its image as a tensor."""
        return on_images(inputs, F.to_image, _images_or_arrays)


class PILToTensor(Transform):
    """Pillow images to tensors (C, H, W), unscaled.

    Source: torchvision, ``transforms.v2.PILToTensor``.
    """

    def transform(self, inpt: Any) -> Any:
        """The image as a tensor."""
        return F.pil_to_tensor(inpt) if is_pil_image(inpt) else inpt


class ToPILImage(Transform):
    """Tensors (C, H, W) or arrays (H, W, C) to Pillow images.

    Args:
        mode: Pillow's mode. Default: found from the channels and the type.

    Source: torchvision, ``transforms.v2.ToPILImage``.
    """

    def __init__(self, mode: str | None = None) -> None:
        super().__init__()
        self.mode = mode

    def forward(self, *inputs: Any) -> Any:
        """The sample with its image as Pillow's."""
        return on_images(
            inputs, lambda img: img if is_pil_image(img) else F.to_pil_image(img, self.mode),
            _images_or_arrays)


class ToTensor(Transform):
    """Pillow image or array to float tensor in [0, 1]; deprecated by torchvision.

    Source: torchvision, ``transforms.v2.ToTensor``.
    """

    def __init__(self) -> None:
        warnings.warn(
            "The transform `ToTensor()` is deprecated and will be removed in a future release. "
            "Instead, please use `v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, "
            "scale=True)])`.Output is equivalent up to float precision.", stacklevel=2)
        super().__init__()

    def forward(self, *inputs: Any) -> Any:
        """The sample with its image as a tensor."""
        return on_images(inputs, lambda img: img if isinstance(img, Tensor) else F.to_tensor(img),
                         _images_or_arrays)


class ToDtype(Transform):
    """Tensor images to another dtype.

    Args:
        dtype: the target, or a dictionary that holds it under ``"others"`` or ``Tensor``.
        scale: let white stay white: bytes from 0 to 255 become floats from 0 to 1. Default False.

    Raises:
        ValueError: a dictionary that says nothing of tensors.

    Source: torchvision, ``transforms.v2.ToDtype``.
    """

    def __init__(self, dtype: DType | Mapping[Any, DType | None], scale: bool = False) -> None:
        super().__init__()
        self.dtype = dtype
        self.scale = scale

    def transform(self, inpt: Any) -> Any:
        """The image of the other dtype; Pillow's stay as they are."""
        dtype = self._dtype_for(inpt)
        if dtype is None or not isinstance(inpt, Tensor):
            return inpt
        return F.to_dtype(inpt, dtype, self.scale)

    def _dtype_for(self, inpt: Any) -> DType | None:
        if not isinstance(self.dtype, Mapping):
            return self.dtype
        key = Tensor if Tensor in self.dtype else "others"
        if key not in self.dtype:
            raise ValueError(
                f"No dtype was specified for type {type(inpt)}. If you only need to convert "
                "the dtype of images or videos, you can just pass e.g. dtype=torch.float32.")
        return self.dtype[key]


class ConvertImageDtype(Transform):
    """Tensor images to another dtype, white staying white.

    Args:
        dtype: the target. Default float32.

    Source: torchvision, ``transforms.v2.ConvertImageDtype``.
    """

    def __init__(self, dtype: DType = float32) -> None:
        super().__init__()
        self.dtype = dtype

    def transform(self, inpt: Any) -> Any:
        """The image of the other dtype."""
        return F.convert_image_dtype(inpt, self.dtype) if isinstance(inpt, Tensor) else inpt


class Identity(Transform):
    """Changes nothing.

    Source: torchvision, ``transforms.v2.Identity``.
    """

    def transform(self, inpt: Any) -> Any:
        """The image itself."""
        return inpt


class ToPureTensor(Identity):
    """Takes the kind of image off a tensor; tensors have none here, so it changes nothing.

    Source: torchvision, ``transforms.v2.ToPureTensor``.
    """


class RGB(Transform):
    """Images of one channel to three equal ones.

    Source: torchvision, ``transforms.v2.RGB``.
    """

    def transform(self, inpt: Any) -> Any:
        """The image with three channels."""
        return F.grayscale_to_rgb(inpt)


class Lambda(Transform):
    """Applies a function to everything of a sample that has one of some types.

    Args:
        lambd: the function.
        *types: Default: everything.

    Source: torchvision, ``transforms.v2.Lambda``.
    """

    def __init__(self, lambd: Callable[[Any], Any], *types: type) -> None:
        super().__init__()
        self.lambd = lambd
        self.types = types or (object,)

    def forward(self, *inputs: Any) -> Any:
        """The changed sample."""
        return on_images(inputs, self.lambd, lambda leaves: [
            number for number, leaf in enumerate(leaves) if isinstance(leaf, self.types)])

    def extra_repr(self) -> str:
        """The function's name and the types."""
        name = getattr(self.lambd, "__name__", "")
        return f"{name}, types={[kind.__name__ for kind in self.types]}" if name else ""
