"""Tones, distortions, random policies: Pillow's pixels, PyTorch's resampling and draws."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import flambeau
from flambeau.vision import transforms as T
from flambeau.vision.transforms import InterpolationMode
from flambeau.vision.transforms import functional as F
from flambeau.vision.transforms.policies import AutoAugmentPolicy

Image = pytest.importorskip("PIL.Image")


def both(height: int = 30, width: int = 41, low: int = 20, high: int = 230) -> tuple[Any, Any]:
    """The same smooth image for Pillow and as a tensor."""
    rows = numpy.linspace(0, 3, height)[:, None] + numpy.linspace(0, 2, width)[None, :]
    waves = numpy.stack([numpy.sin(rows + phase) for phase in range(3)])
    pixels = (low + (high - low) * (waves + 1) / 2).astype(numpy.uint8)
    tensor = flambeau.from_numpy(pixels)
    return F.to_pil_image(tensor), tensor


def array(image: Any) -> Any:
    """Pixels of either kind as a signed array."""
    if not hasattr(image, "numpy"):
        image = F.pil_to_tensor(image)
    return image.numpy().astype(numpy.int64)


TONES: dict[str, Any] = {
    "invert": F.invert,
    "posterize 3": lambda img: F.posterize(img, 3),
    "posterize 8": lambda img: F.posterize(img, 8),
    "solarize": lambda img: F.solarize(img, 128),
    "autocontrast": F.autocontrast,
    "equalize": F.equalize,
    "sharper": lambda img: F.adjust_sharpness(img, 2.5),
    "smoother": lambda img: F.adjust_sharpness(img, 0.2),
    "gamma": lambda img: F.adjust_gamma(img, 0.7, 1.1),
}


@pytest.mark.parametrize("name", TONES)
def test_tones_are_pillows(name: str) -> None:
    """Tensors give the pixels that Pillow gives, up to its rounding."""
    image, tensor = both()
    changed = TONES[name](tensor)
    assert changed.dtype == flambeau.uint8 and not flambeau.equal(changed, tensor) or "8" in name
    assert abs(array(TONES[name](image)) - array(changed)).max() <= 1


def test_tones_of_floats_and_of_flat_images() -> None:
    """White is 1 for floats; what has no contrast stays as it is."""
    x = flambeau.tensor([[[0.25, 0.5], [0.5, 0.75]]])
    assert F.invert(x).tolist() == [[[0.75, 0.5], [0.5, 0.25]]]
    assert F.solarize(x, 0.5).tolist() == [[[0.25, 0.5], [0.5, 0.25]]]
    assert F.autocontrast(x).tolist() == [[[0.0, 0.5], [0.5, 1.0]]]
    assert F.adjust_gamma(x, 2.0)[0, 0].tolist() == [0.0625, 0.25]
    flat = flambeau.full((3, 4, 4), 7, dtype=flambeau.uint8)
    assert flambeau.equal(F.autocontrast(flat), flat) and flambeau.equal(F.equalize(flat), flat)
    assert F.adjust_sharpness(x, 2.0) is x


@pytest.mark.parametrize("call, kind, message", [
    (lambda x: F.posterize(x.float(), 2), TypeError, "Only torch.uint8 image tensors"),
    (lambda x: F.posterize(x, 9), ValueError, "should be between 0 and 8. Got 9"),
    (lambda x: F.equalize(x.float()), TypeError, "Only torch.uint8 image tensors"),
    (lambda x: F.solarize(x, 300), TypeError, "Threshold should be less than bound of img."),
    (lambda x: F.invert(x[:2]), TypeError, "permitted channel values are .1, 3., but found 2"),
    (lambda x: F.invert(x[0]), TypeError, "at least 3 dimensions, but found 2"),
    (lambda x: F.adjust_sharpness(x, -1.0), ValueError, "is not non-negative"),
    (lambda x: F.adjust_gamma(x, -1.0), ValueError, "non-negative real number"),
    (lambda x: F.perspective(x, [], []), ValueError, "exactly four corners"),
    (lambda x: F.elastic_transform(x, flambeau.zeros(1)), ValueError, "displacement shape"),
    (lambda x: F.elastic_transform(x, 3), TypeError, "displacement should be a Tensor"),
    (lambda x: T.ElasticTransform(alpha=[1.0] * 3), ValueError, "length should be 1 or 2"),
    (lambda x: T.AugMix(severity=11), ValueError, "severity must be between .1, 10."),
    (lambda x: T.AutoAugment("none"), ValueError, "policy none is not recognized"),
])
def test_errors(call: Any, kind: type[Exception], message: str) -> None:
    """They are torchvision's."""
    with pytest.raises(kind, match=message):
        call(both()[1])


@pytest.mark.torch
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_distortions_are_pytorchs_resampling(mode: str) -> None:
    """The grids that the formulas give, looked up by PyTorch."""
    torch = pytest.importorskip("torch")
    image, tensor = both()
    floats = tensor.float()
    starts, ends = [[0, 0], [40, 0], [40, 29], [0, 29]], [[3, 2], [35, 4], [38, 27], [2, 24]]
    interpolation = InterpolationMode(mode)
    mine = F.perspective(floats, starts, ends, interpolation, fill=9.0).numpy()
    rows = []
    for (x, y), (u, v) in zip(ends, starts, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    numbers = numpy.linalg.solve(numpy.array(rows, float), numpy.array(starts, float).ravel())
    x, y = numpy.meshgrid(numpy.arange(41) + 0.5, numpy.arange(30) + 0.5)
    depth = numbers[6] * x + numbers[7] * y + 1
    grid = numpy.stack([(numbers[0] * x + numbers[1] * y + numbers[2]) / depth / 20.5 - 1,
                        (numbers[3] * x + numbers[4] * y + numbers[5]) / depth / 15 - 1], -1)

    def looked_up(grid: Any) -> Any:
        pixels = torch.cat([torch.tensor(floats.tolist()), torch.ones(1, 30, 41)])[None].double()
        found = torch.nn.functional.grid_sample(pixels, torch.tensor(grid)[None], mode=mode,
                                                align_corners=False)[0]
        return (found[:3] + (1 - found[3:]) * 9.0).numpy()

    assert (abs(mine - looked_up(grid)) > 1e-3).mean() < 0.002
    shifts = numpy.random.default_rng(0).uniform(-0.1, 0.1, (1, 30, 41, 2))
    identity = numpy.stack([x / 20.5 - 1, y / 15 - 1], -1)
    mine = F.elastic_transform(floats, flambeau.tensor(shifts), interpolation, 9.0).numpy()
    assert (abs(mine - looked_up(identity + shifts[0])) > 1e-3).mean() < 0.002
    by_pillow = F.perspective(image, starts, ends, interpolation)
    inside = abs(array(by_pillow) - array(F.perspective(tensor, starts, ends, interpolation)))
    assert numpy.median(inside) <= 1


@pytest.mark.torch
def test_random_numbers_come_in_torchvisions_order() -> None:
    """Corners of a perspective and an elastic field, written with PyTorch's own generator."""
    torch = pytest.importorskip("torch")
    flambeau.manual_seed(3)
    torch.manual_seed(3)
    starts, ends = T.RandomPerspective.get_params(40, 30, 0.5)
    ranges = [(0, 11), (0, 8), (29, 40), (0, 8), (29, 40), (22, 30), (0, 11), (22, 30)]
    drawn = [int(torch.randint(low, high, size=(1,)).item()) for low, high in ranges]
    assert [number for corner in ends for number in corner] == drawn
    assert starts == [[0, 0], [39, 0], [39, 29], [0, 29]]
    field = T.ElasticTransform.get_params([2.0, 3.0], [0.0, 0.0], [5, 4])
    expected = [(torch.rand(1, 1, 5, 4) * 2 - 1) * 2.0 / 5, (torch.rand(1, 1, 5, 4) * 2 - 1) * 0.75]
    numpy.testing.assert_allclose(field.numpy(), torch.cat(expected, 1).permute(0, 2, 3, 1),
                                  rtol=1e-6)
    number, chances, signs = T.AutoAugment.get_params(25)
    assert number == int(torch.randint(25, (1,)).item())
    assert chances.tolist() == torch.rand(2).tolist()
    assert signs.tolist() == torch.randint(2, (2,)).tolist()


TRANSFORMS: list[Any] = [
    T.RandomInvert(0.9), T.RandomPosterize(2, 0.9), T.RandomSolarize(100, 0.9),
    T.RandomAdjustSharpness(2.0, 0.9), T.RandomAutocontrast(0.9), T.RandomEqualize(0.9),
    T.RandomPerspective(0.6, 0.9), T.ElasticTransform(20.0, 2.0),
    *(T.AutoAugment(policy, fill=3) for policy in AutoAugmentPolicy), T.RandAugment(3, 15),
    T.TrivialAugmentWide(fill=[1, 2, 3]), T.AugMix(), T.AugMix(5, 2, 2, all_ops=False)]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=str)
def test_random_transforms_of_either_kind(transform: Any) -> None:
    """A seed fixes the result; Pillow images and tensors take the same random way."""
    image, tensor = both()
    for seed in range(6):
        flambeau.manual_seed(seed)
        first = transform(tensor)
        after = flambeau.rand(1).item()
        flambeau.manual_seed(seed)
        assert flambeau.equal(first, transform(tensor))
        assert first.shape == tensor.shape and first.dtype == tensor.dtype
        flambeau.manual_seed(seed)
        other = transform(image)
        assert other.size == image.size and other.mode == "RGB"
        assert flambeau.rand(1).item() == after


def test_operations_of_policies() -> None:
    """Strengths and probabilities, and where each operation moves a pixel."""
    assert len(T.AutoAugment().policies) == 25
    assert T.AutoAugment().policies[18] == (("ShearX", 0.6, 5), ("Equalize", 1.0, None))
    space = T.RandAugment()._augmentation_space(31, (331, 662))
    assert list(space)[:3] == ["Identity", "ShearX", "ShearY"] and len(space) == 14
    assert space["TranslateX"][0][30] == 300.0 and space["TranslateY"][0][30] == 150.0
    assert space["Posterize"][0][::10] == [8.0, 7.0, 5.0, 4.0]
    wide = T.TrivialAugmentWide()._augmentation_space(31)
    assert wide["Rotate"][0][-1] == 135.0 and wide["Posterize"][0][-1] == 2.0
    dot = flambeau.zeros(1, 9, 9, dtype=flambeau.uint8)
    dot[0, 4, 4] = 255
    nearest = InterpolationMode.NEAREST

    def place(name: str, strength: float) -> list[int]:
        moved = T.autoaugment.apply_operation(dot, name, strength, nearest, None)
        return moved[0].nonzero()[0].tolist()

    assert place("TranslateX", 2.0) == [4, 6] and place("TranslateY", -2.0) == [2, 4]
    assert place("Identity", 1.0) == [4, 4]
    with pytest.raises(ValueError, match="operator Blur is not recognized"):
        place("Blur", 1.0)


def test_reprs() -> None:
    """They are torchvision's."""
    assert repr(T.RandomPosterize(2)) == "RandomPosterize(bits=2,p=0.5)"
    assert repr(T.RandomSolarize(192.0, 1)) == "RandomSolarize(threshold=192.0,p=1)"
    assert repr(T.RandomPerspective()) == "RandomPerspective(p=0.5)"
    assert repr(T.ElasticTransform()) == (
        "ElasticTransform(alpha=[50.0, 50.0], sigma=[5.0, 5.0], "
        "interpolation=InterpolationMode.BILINEAR, fill=[0.0])")
    assert repr(T.AutoAugment()) == "AutoAugment(policy=AutoAugmentPolicy.IMAGENET, fill=None)"
    assert repr(T.RandAugment()) == (
        "RandAugment(num_ops=2, magnitude=9, num_magnitude_bins=31, "
        "interpolation=InterpolationMode.NEAREST, fill=None)")
