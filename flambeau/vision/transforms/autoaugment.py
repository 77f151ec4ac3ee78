"""Augmentation by random operations: AutoAugment, RandAugment, TrivialAugment, AugMix."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from flambeau.distributions.dirichlet import Dirichlet
from flambeau.nn.modules.module import Module
from flambeau.random import rand, randint
from flambeau.tensor import Tensor
from flambeau.tensor.creation import full, zeros
from flambeau.vision.transforms import functional as F
from flambeau.vision.transforms.draws import between, position
from flambeau.vision.transforms.geometry import InterpolationMode, interpolation_mode
from flambeau.vision.transforms.policies import AutoAugmentPolicy, policy_of

# An operation's strengths, weakest first, and whether it also works backwards; None where it
# has no strength.
Strengths = tuple[list[float] | None, bool]

TONES: dict[str, Callable[[Any, float], Any]] = {
    "Brightness": lambda img, strength: F.adjust_brightness(img, 1.0 + strength),
    "Color": lambda img, strength: F.adjust_saturation(img, 1.0 + strength),
    "Contrast": lambda img, strength: F.adjust_contrast(img, 1.0 + strength),
    "Sharpness": lambda img, strength: F.adjust_sharpness(img, 1.0 + strength),
    "Posterize": lambda img, strength: F.posterize(img, int(strength)),
    "Solarize": F.solarize,
    "AutoContrast": lambda img, strength: F.autocontrast(img),
    "Equalize": lambda img, strength: F.equalize(img),
    "Invert": lambda img, strength: F.invert(img),
    "Identity": lambda img, strength: img,
}


def apply_operation(img: Any, name: str, strength: float, interpolation: InterpolationMode,
                    fill: Sequence[float] | None) -> Any:
    """Applies one named operation.

    Raises:
        ValueError: there is none of that name.
    """
    if name in TONES:
        return TONES[name](img, strength)
    if name == "Rotate":
        return F.rotate(img, strength, interpolation=interpolation, fill=fill)
    shear, translate, center = [0.0, 0.0], [0, 0], None
    axis = 0 if name.endswith("X") else 1
    if name in ("ShearX", "ShearY"):
        shear[axis], center = math.degrees(math.atan(strength)), [0.0, 0.0]
    elif name in ("TranslateX", "TranslateY"):
        translate[axis] = int(strength)
    else:
        raise ValueError(f"The provided operator {name} is not recognized.")
    return F.affine(img, angle=0.0, translate=translate, scale=1.0, shear=shear,
                    interpolation=interpolation, fill=fill, center=center)


def _steps(low: float, high: float, count: int) -> list[float]:
    return [float(v) for v in numpy.linspace(low, high, count, dtype=numpy.float32)]


def _bits(most: int, dropped: int, count: int) -> list[float]:
    bits = numpy.rint(numpy.arange(count) / numpy.float32((count - 1) / dropped))
    return [most - float(v) for v in bits]


def _space(count: int, shear: float, shifts: tuple[float, float], angle: float, change: float,
           bits: tuple[int, int], tones: bool = True) -> dict[str, Strengths]:
    """The operations and their strengths, in torchvision's order."""
    space: dict[str, Strengths] = {
        "ShearX": (_steps(0.0, shear, count), True),
        "ShearY": (_steps(0.0, shear, count), True),
        "TranslateX": (_steps(0.0, shifts[0], count), True),
        "TranslateY": (_steps(0.0, shifts[1], count), True),
        "Rotate": (_steps(0.0, angle, count), True)}
    if tones:
        space |= dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"),
                               (_steps(0.0, change, count), True))
    space |= {"Posterize": (_bits(*bits, count), False),
              "Solarize": (_steps(255.0, 0.0, count), False),
              "AutoContrast": (None, False), "Equalize": (None, False)}
    return space


class _Augmentation(Module):
    """What all share: how pixels are found, and what lies outside."""

    def __init__(self, interpolation: InterpolationMode | int,
                 fill: float | Sequence[float] | None) -> None:
        super().__init__()
        self.interpolation = interpolation_mode(interpolation)
        self.fill = fill

    def _augment(self, img: Any, name: str, strength: float) -> Any:
        fill: Any = self.fill
        if isinstance(img, Tensor) and fill is not None:
            plain = isinstance(fill, (int, float))
            fill = [float(fill)] * F.get_image_num_channels(img) if plain else [*map(float, fill)]
        return apply_operation(img, name, strength, self.interpolation, fill)

    def _apply_random(self, img: Any, space: dict[str, Strengths],
                      choose: Callable[[list[float]], float]) -> Any:
        """Applies an operation drawn from a space, of a chosen strength, in a random direction."""
        name = list(space)[position(len(space))]
        strengths, signed = space[name]
        strength = 0.0 if strengths is None else choose(strengths)
        if signed and position(2):
            strength = -strength
        return self._augment(img, name, strength)


class AutoAugment(_Augmentation):
    """Two operations of a policy that was found by search.

    Args:
        policy: the data that it was found on. Default: ImageNet.
        interpolation: nearest or bilinear. Default nearest.
        fill: value of what lies outside. Default: 0.

    Raises:
        ValueError: there is no such policy.

    Source: Cubuk et al. 2018, "AutoAugment: Learning Augmentation Strategies from Data";
    torchvision, ``transforms.AutoAugment``.
    """

    def __init__(
        self,
        policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
        fill: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__(interpolation, fill)
        self.policy = policy
        self.policies = policy_of(policy)

    def _augmentation_space(self, num_bins: int, image_size: Sequence[int]) -> dict[str, Strengths]:
        height, width = image_size
        shifts = (150.0 / 331.0 * width, 150.0 / 331.0 * height)
        return _space(num_bins, 0.3, shifts, 30.0, 0.9, (8, 4)) | {"Invert": (None, False)}

    @staticmethod
    def get_params(transform_num: int) -> tuple[int, Tensor, Tensor]:
        """Number of the pair, and for both operations a random number and a direction."""
        return position(transform_num), rand(2), randint(2, (2,))

    def forward(self, img: Any) -> Any:
        """The augmented image."""
        number, chances, signs = self.get_params(len(self.policies))
        for step, drawn, sign in zip(self.policies[number], chances.tolist(), signs.tolist(),
                                     strict=True):
            name, probability, level = step
            if drawn > numpy.float32(probability):
                continue
            _, height, width = F.get_dimensions(img)
            strengths, signed = self._augmentation_space(10, (height, width))[name]
            strength = 0.0 if strengths is None or level is None else strengths[level]
            img = self._augment(img, name, -strength if signed and sign == 0 else strength)
        return img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(policy={self.policy}, fill={self.fill})"


class RandAugment(_Augmentation):
    """A number of random operations, all of the same strength.

    Args:
        num_ops: how many. Default 2.
        magnitude: strength, from 0 to ``num_magnitude_bins - 1``. Default 9.
        num_magnitude_bins: steps of the strength. Default 31.
        interpolation: nearest or bilinear. Default nearest.
        fill: value of what lies outside. Default: 0.

    Source: Cubuk et al. 2019, "RandAugment: Practical automated data augmentation with a reduced
    search space"; torchvision, ``transforms.RandAugment``.
    """

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
        fill: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__(interpolation, fill)
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins

    def _augmentation_space(self, num_bins: int, image_size: Sequence[int]) -> dict[str, Strengths]:
        height, width = image_size
        shifts = (150.0 / 331.0 * width, 150.0 / 331.0 * height)
        space: dict[str, Strengths] = {"Identity": (None, False)}
        return space | _space(num_bins, 0.3, shifts, 30.0, 0.9, (8, 4))

    def forward(self, img: Any) -> Any:
        """The augmented image."""
        for _ in range(self.num_ops):
            _, height, width = F.get_dimensions(img)
            space = self._augmentation_space(self.num_magnitude_bins, (height, width))
            img = self._apply_random(img, space, lambda strengths: strengths[self.magnitude])
        return img

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(num_ops={self.num_ops}, magnitude={self.magnitude}, "
                f"num_magnitude_bins={self.num_magnitude_bins}, "
                f"interpolation={self.interpolation}, fill={self.fill})")


class TrivialAugmentWide(_Augmentation):
    """One random operation of random strength, from a wide range.

    Args:
        num_magnitude_bins: steps of the strength. Default 31.
        interpolation: nearest or bilinear. Default nearest.
        fill: value of what lies outside. Default: 0.

    Source: Müller and Hutter 2021, "TrivialAugment: Tuning-free Yet State-of-the-Art Data
    Augmentation"; torchvision, ``transforms.TrivialAugmentWide``.
    """

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
        fill: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__(interpolation, fill)
        self.num_magnitude_bins = num_magnitude_bins

    def _augmentation_space(self, num_bins: int) -> dict[str, Strengths]:
        space: dict[str, Strengths] = {"Identity": (None, False)}
        return space | _space(num_bins, 0.99, (32.0, 32.0), 135.0, 0.99, (8, 6))

    def forward(self, img: Any) -> Any:
        """The augmented image."""
        space = self._augmentation_space(self.num_magnitude_bins)
        return self._apply_random(img, space,
                                  lambda strengths: strengths[position(len(strengths))])

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(num_magnitude_bins={self.num_magnitude_bins}, "
                f"interpolation={self.interpolation}, fill={self.fill})")


class AugMix(_Augmentation):
    """Mixes the image with chains of random operations.

    Args:
        severity: highest strength, from 1 to 10. Default 3.
        mixture_width: number of chains. Default 3.
        chain_depth: operations of a chain; -1 for a random number from 1 to 3. Default -1.
        alpha: concentration of the random shares. Default 1.
        all_ops: brightness, colour, contrast and sharpness too. Default True.
        interpolation: nearest or bilinear. Default bilinear.
        fill: value of what lies outside. Default: 0.

    Raises:
        ValueError: severity out of range.

    Source: Hendrycks et al. 2019, "AugMix: A Simple Data Processing Method to Improve Robustness
    and Uncertainty"; torchvision, ``transforms.AugMix``.
    """

    _PARAMETER_MAX = 10

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        fill: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__(interpolation, fill)
        if not 1 <= severity <= self._PARAMETER_MAX:
            raise ValueError(f"The severity must be between [1, {self._PARAMETER_MAX}]. "
                             f"Got {severity} instead.")
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops

    def _augmentation_space(self, num_bins: int, image_size: Sequence[int]) -> dict[str, Strengths]:
        height, width = image_size
        plain = _space(num_bins, 0.3, (width / 3.0, height / 3.0), 30.0, 0.9, (4, 4), tones=False)
        if not self.all_ops:
            return plain
        return plain | dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"),
                                     (_steps(0.0, 0.9, num_bins), True))

    def _shares(self, samples: int, count: int) -> Tensor:
        drawn: Tensor = Dirichlet(full((samples, count), float(self.alpha))).sample()
        return drawn

    def forward(self, orig_img: Any) -> Any:
        """The mixture, of the image's kind."""
        img = orig_img if isinstance(orig_img, Tensor) else F.pil_to_tensor(orig_img)
        batch = img.reshape([1] * max(4 - img.ndim, 0) + list(img.shape))
        samples, _, height, width = batch.shape
        space = self._augmentation_space(self._PARAMETER_MAX, (height, width))
        plain = self._shares(samples, 2)
        shares = self._shares(samples, self.mixture_width) * plain[:, 1:]
        mix = zeros(tuple(batch.shape)) + plain[:, 0].reshape(-1, 1, 1, 1) * batch
        for chain in range(self.mixture_width):
            changed = batch
            for _ in range(self.chain_depth if self.chain_depth > 0 else between(1, 4)):
                changed = self._apply_random(
                    changed, space, lambda strengths: strengths[position(self.severity)])
            mix = mix + shares[:, chain].reshape(-1, 1, 1, 1) * changed
        mixed = mix.reshape(img.shape).to(img.dtype)
        return mixed if isinstance(orig_img, Tensor) else F.to_pil_image(mixed)

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(severity={self.severity}, "
                f"mixture_width={self.mixture_width}, chain_depth={self.chain_depth}, "
                f"alpha={self.alpha}, all_ops={self.all_ops}, "
                f"interpolation={self.interpolation}, fill={self.fill})")
