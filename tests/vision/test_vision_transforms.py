"""Transforms: exact small cases, PyTorch's resampling, Pillow and tensors agreeing, reprs."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import flambeau
from flambeau.vision import transforms as T
from flambeau.vision.transforms import InterpolationMode, arrays
from flambeau.vision.transforms import functional as F

Image = pytest.importorskip("PIL.Image")


def pixels(channels: int = 3, height: int = 30, width: int = 41, seed: int = 0) -> Any:
    shape = (channels, height, width)
    return numpy.random.default_rng(seed).integers(0, 256, shape, dtype=numpy.uint8)


def both(channels: int = 3, height: int = 30, width: int = 41) -> tuple[Any, Any]:
    """The same image for Pillow and as a tensor."""
    tensor = flambeau.from_numpy(pixels(channels, height, width))
    return F.to_pil_image(tensor), tensor


def array(image: Any) -> Any:
    """Pixels of either kind as a signed array."""
    if not hasattr(image, "numpy"):
        image = F.pil_to_tensor(image)
    return image.numpy().astype(numpy.int64)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_pillow_and_back(mode: str, channels: int) -> None:
    image, tensor = both(channels)
    assert image.mode == mode and image.size == (41, 30)
    assert F.pil_to_tensor(image).tolist() == tensor.tolist()
    scaled = F.to_tensor(image)
    assert str(scaled.dtype) == "torch.float32"
    assert (scaled.numpy() == tensor.numpy().astype("f4") / numpy.float32(255)).all()
    assert F.to_pil_image(scaled).tobytes() == image.tobytes()
    rows = numpy.asarray(image)
    assert F.to_tensor(rows).tolist() == scaled.tolist()
    assert F.to_pil_image(rows).tobytes() == image.tobytes()


def test_other_modes() -> None:
    bits = Image.new("1", (2, 1), 1)
    assert F.to_tensor(bits).tolist() == [[[1.0, 1.0]]]
    deep = Image.fromarray(numpy.array([[70_000, 2]], numpy.int32))
    assert F.to_tensor(deep).tolist() == [[[70_000, 2]]]
    real = F.to_pil_image(flambeau.tensor([[0.25, 3.0]]), mode="F")
    assert real.mode == "F" and F.to_tensor(real).tolist() == [[[0.25, 3.0]]]
    assert F.to_pil_image(flambeau.from_numpy(pixels()), mode="HSV").mode == "HSV"


def test_float_arrays_are_not_scaled() -> None:
    rows = numpy.array([[2.0, 3.0]])
    assert F.to_tensor(rows).tolist() == [[[2.0, 3.0]]]
    assert str(F.to_tensor(rows).dtype) == "torch.float64"


def test_normalize() -> None:
    image = F.to_tensor(pixels(3, 4, 5).transpose(1, 2, 0))
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
    result = T.Normalize(mean, std)(image)
    f4 = numpy.float32
    columns = [numpy.array(v, f4)[:, None, None] for v in (mean, std)]
    assert (result.numpy() == (image.numpy() - columns[0]) / columns[1]).all()
    batch = F.normalize(flambeau.stack([image, image]), mean, std)
    assert batch[1].tolist() == result.tolist()
    leaf = image.clone().requires_grad_()
    F.normalize(leaf, mean, std).sum().backward()
    assert numpy.allclose(leaf.grad.numpy()[:, 0, 0], [2.0, 1 / 0.6, 1 / 0.7])
    F.normalize(image, mean, std, inplace=True)
    assert image.tolist() == result.tolist()


@pytest.mark.parametrize("size", [(20, 31), (64, 80), (10, 80)])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [False, True])
def test_resize_equals_pytorchs(size: tuple[int, int], mode: str, antialias: bool) -> None:
    torch = pytest.importorskip("torch")
    image = pixels().astype("f4") / 255
    smooth = mode.startswith("bi")
    options = dict(antialias=antialias, align_corners=False) if smooth else {}
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(image)[None], size, mode=mode, **options
    )[0]
    result = F.resize(
        flambeau.from_numpy(image), size, InterpolationMode(mode), antialias=antialias
    )
    assert numpy.allclose(result.numpy(), expected.numpy(), atol=4e-6)


def test_resize_sizes() -> None:
    for image in both():
        sizes = {
            (12, None): [12, 16],
            ((12, 50), None): [12, 50],
            ((12,), None): [12, 16],
            (12, 14): [10, 14],
            (30, None): [30, 41],
        }
        for (size, limit), expected in sizes.items():
            resized = F.resize(image, size, max_size=limit)
            assert F.get_dimensions(resized) == [3, *expected]
            assert F.get_image_size(resized) == expected[::-1]


def test_resize_agrees_with_pillow() -> None:
    image, tensor = both()
    difference = array(F.resize(image, (15, 20))) - array(F.resize(tensor, (15, 20)))
    assert abs(difference).max() <= 1


def grid_sample(torch: Any, image: Any, matrix: list[float], mode: str) -> Any:
    height, width = image.shape[-2:]
    x, y = torch.arange(width) + 0.5 - width / 2, torch.arange(height) + 0.5 - height / 2
    base = torch.stack([*torch.meshgrid(x, y, indexing="xy"), torch.ones(height, width)], -1)
    grid = base @ torch.tensor(matrix).view(2, 3).T / torch.tensor([width / 2, height / 2])
    sample = torch.nn.functional.grid_sample
    return sample(image[None], grid[None], mode=mode, align_corners=False)[0]


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_rotation_and_affine_equal_pytorchs(mode: str) -> None:
    torch = pytest.importorskip("torch")
    image = pixels().astype("f4") / 255
    ours, theirs = flambeau.from_numpy(image), torch.from_numpy(image)
    way = InterpolationMode(mode)
    matrix = arrays.inverse_affine_matrix((0, 0), -33.0, (0, 0), 1.0, (0, 0))
    expected = grid_sample(torch, theirs, matrix, mode)
    assert numpy.allclose(F.rotate(ours, 33.0, way).numpy(), expected.numpy(), atol=1e-5)
    matrix = arrays.inverse_affine_matrix((0, 0), 20.0, (3, -2), 1.3, (5.0, 7.0))
    expected = grid_sample(torch, theirs, matrix, mode)
    result = F.affine(ours, 20.0, (3, -2), 1.3, (5.0, 7.0), way)
    assert numpy.allclose(result.numpy(), expected.numpy(), atol=1e-5)


def test_rotation_agrees_with_pillow() -> None:
    image, tensor = both()
    for options in ({}, {"expand": True}, {"center": (5, 9)}, {"fill": [7, 8, 9]}):
        for angle in (30, 180, -77.5, *([90, 270] if "expand" in options else [])):
            result = array(F.rotate(tensor, angle, **options))
            expected = array(F.rotate(image, angle, **options))
            assert result.shape == expected.shape
            assert (result != expected).mean() < 0.002
    warped, expected = (
        array(F.affine(kind, 30, (2, 3), 1.2, (4, 5), fill=[1, 2, 3])) for kind in (tensor, image)
    )
    assert (warped != expected).mean() < 0.002
    turned = F.rotate(tensor, 90, expand=True)
    assert (turned.numpy() == numpy.rot90(tensor.numpy(), 1, (1, 2))).all()


@pytest.mark.parametrize(
    ("function", "factor", "tolerance"),
    [
        (F.adjust_brightness, 1.3, 1),
        (F.adjust_contrast, 0.6, 1),
        (F.adjust_saturation, 1.7, 1),
        (F.adjust_hue, 0.2, 12),
        (F.gaussian_blur, 5, 0),
        (F.gaussian_blur, (3, 7), 0),
    ],
)
def test_color_agrees_with_pillow(
    function: Callable[..., Any], factor: Any, tolerance: int
) -> None:
    image, tensor = both()
    difference = array(function(image, factor)) - array(function(tensor, factor))
    assert abs(difference).max() <= tolerance


def test_hue_is_exact_on_floats() -> None:
    import colorsys

    colors = pixels(3, 6, 7).astype(numpy.float64) / 255
    result = F.adjust_hue(flambeau.from_numpy(colors), 0.3).numpy()
    for row in range(6):
        for column in range(7):
            hue, saturation, value = colorsys.rgb_to_hsv(*colors[:, row, column])
            expected = colorsys.hsv_to_rgb((hue + 0.3) % 1, saturation, value)
            assert numpy.allclose(result[:, row, column], expected, atol=1e-12)


@pytest.mark.parametrize("padding_mode", ["constant", "edge", "reflect", "symmetric"])
@pytest.mark.parametrize("padding", [2, [3], (1, 2), (1, 2, 3, 4)])
def test_padding_agrees_with_pillow(padding: Any, padding_mode: str) -> None:
    for channels in (1, 3):
        image, tensor = both(channels)
        padded = array(F.pad(tensor, padding, 9, padding_mode))
        assert (padded == array(F.pad(image, padding, 9, padding_mode))).all()
        left, top, right, bottom = {1: lambda p: p * 4, 2: lambda p: p * 2, 4: list}[
            len(padding) if not isinstance(padding, int) else 1
        ]([padding] if isinstance(padding, int) else list(padding))
        assert padded.shape == (channels, 30 + top + bottom, 41 + left + right)
        assert (padded[:, top : top + 30, left : left + 41] == array(tensor)).all()


def test_crops_and_flips_agree_with_pillow() -> None:
    image, tensor = both()
    for function, options in (
        (F.crop, (3, 4, 10, 12)),
        (F.crop, (-3, 35, 10, 12)),
        (F.center_crop, (11,)),
        (F.center_crop, ([50, 20],)),
        (F.hflip, ()),
        (F.vflip, ()),
        (F.resized_crop, (2, 3, 20, 20, (20, 20))),
    ):
        ours, theirs = function(tensor, *options), function(image, *options)
        assert (array(ours) == array(theirs)).all(), function.__name__
    assert F.crop(tensor, 3, 4, 10, 12).tolist() == tensor[:, 3:13, 4:16].tolist()
    assert F.hflip(tensor)[0, 0].tolist() == tensor[0, 0].tolist()[::-1]


def test_gray() -> None:
    for image in both():
        assert F.get_image_num_channels(T.Grayscale()(image)) == 1
        gray = array(T.Grayscale(3)(image))
        assert gray.shape == (3, 30, 41) and (gray[0] == gray[2]).all()


def test_convert_image_dtype() -> None:
    image = flambeau.tensor([[[0, 128, 255]]], dtype=flambeau.uint8)
    real = T.ConvertImageDtype(flambeau.float32)(image)
    assert numpy.allclose(real.numpy(), [[[0, 128 / 255, 1]]])
    assert F.convert_image_dtype(real, flambeau.uint8).tolist() == image.tolist()
    assert F.convert_image_dtype(image, flambeau.int32).tolist() == [[[0, 1 << 30, 255 << 23]]]
    wide = F.convert_image_dtype(image, flambeau.int32)
    assert F.convert_image_dtype(wide, flambeau.uint8).tolist() == image.tolist()
    with pytest.raises(RuntimeError, match="from torch.float32 to torch.int32 cannot be perfor"):
        F.convert_image_dtype(real, flambeau.int32)


def test_random_draws_are_torchvisions() -> None:
    """The calls on the generator that torchvision documents by its code, made by hand."""
    torch = pytest.importorskip("torch")
    _, tensor = both()

    def seeded(function: Callable[[Any], Any]) -> tuple[Any, Any]:
        results = []
        for library in (flambeau, torch):
            library.manual_seed(5)
            results.append(function(library))
        return results[0], results[1]

    def flips(library: Any) -> Any:
        if library is torch:
            return [bool(torch.rand(1) < 0.5) for _ in range(20)]
        flip = T.RandomHorizontalFlip()
        return [flip(tensor).tolist() != tensor.tolist() for _ in range(20)]

    def crops(library: Any) -> Any:
        if library is torch:
            return [int(torch.randint(0, n, size=(1,))) for n in (21, 31)]
        return list(T.RandomCrop.get_params(tensor, (10, 11))[:2])

    def jitter(library: Any) -> Any:
        ranges = [(0.5, 1.5), None, (0.2, 0.8), (-0.1, 0.1)]
        if library is torch:
            order = torch.randperm(4).tolist()
            values = [r and float(torch.empty(1).uniform_(*r)) for r in ranges]
            return [order, *values]
        return list(T.ColorJitter.get_params(*ranges))

    def resized(library: Any) -> Any:
        if library is flambeau:
            return list(T.RandomResizedCrop.get_params(tensor, (0.1, 0.5), (0.75, 4 / 3)))
        area = 30 * 41 * torch.empty(1).uniform_(0.1, 0.5).item()
        low, high = torch.log(torch.tensor([0.75, 4 / 3]))
        shape = torch.exp(torch.empty(1).uniform_(low.item(), high.item())).item()
        width, height = round((area * shape) ** 0.5), round((area / shape) ** 0.5)
        top = torch.randint(0, 30 - height + 1, size=(1,)).item()
        return [top, torch.randint(0, 41 - width + 1, size=(1,)).item(), height, width]

    for draw in (flips, crops, jitter, resized):
        ours, theirs = seeded(draw)
        assert ours == theirs, draw.__name__


RANDOM = [
    T.RandomCrop(20, padding=4),
    T.RandomCrop(60, pad_if_needed=True),
    T.RandomVerticalFlip(1.0),
    T.RandomResizedCrop((16, 18)),
    T.RandomGrayscale(1.0),
    T.ColorJitter(0.5, 0.5, 0.5, 0.2),
    T.RandomRotation(20, fill=3),
    T.RandomRotation((10, 20), expand=True),
    T.RandomAffine(10, (0.1, 0.1), (0.5, 2), (1, 2, 3, 4), InterpolationMode.BILINEAR),
    T.GaussianBlur(3, 0.5),
    T.RandomApply([T.CenterCrop(4)], 1.0),
]


@pytest.mark.parametrize("transform", RANDOM, ids=lambda t: type(t).__name__)
def test_random_transforms_agree_with_pillow(transform: Any) -> None:
    image, tensor = both()
    results = []
    for picture in (image, tensor):
        flambeau.manual_seed(8)
        results.append(array(transform(picture)))
    assert results[0].shape == results[1].shape
    assert (abs(results[0] - results[1]) > 16).mean() < 0.05


def test_choices() -> None:
    random.seed(0)
    choice = T.RandomChoice([lambda x: x + 1, lambda x: x + 2], p=[0.0, 1.0])
    assert [choice(0) for _ in range(5)] == [2] * 5
    order = T.RandomOrder([lambda x: [*x, 1], lambda x: [*x, 2]])
    assert {tuple(order([])) for _ in range(20)} == {(1, 2), (2, 1)}
    assert T.Compose([T.Lambda(abs), float])(-3) == 3.0


def test_random_erasing() -> None:
    image = F.to_tensor(pixels().transpose(1, 2, 0)) + 1
    flambeau.manual_seed(1)
    erased = T.RandomErasing(p=1.0, value=0)(image)
    share = (erased.numpy() == 0).mean()
    assert 0.01 < share < 0.4 and (image.numpy() != 0).all()
    filled = T.RandomErasing(1.0, value=[-1.0, -2.0, -3.0])(image).numpy()
    assert [filled[channel].min() for channel in range(3)] == [-1, -2, -3]
    noisy = T.RandomErasing(1.0, value="random", inplace=True)(image)
    assert noisy is image and (image.numpy() < 1).any()
    assert T.RandomErasing(p=0.0)(image) is image


REPRS = {
    "ToTensor()": T.ToTensor(),
    "PILToTensor()": T.PILToTensor(),
    "ToPILImage()": T.ToPILImage(),
    "ToPILImage(mode=L)": T.ToPILImage("L"),
    "Lambda()": T.Lambda(abs),
    "ConvertImageDtype()": T.ConvertImageDtype(flambeau.float32),
    "Normalize(mean=[0.5], std=[0.25])": T.Normalize([0.5], [0.25]),
    "Resize(size=256, interpolation=bilinear, max_size=None, antialias=True)": T.Resize(256),
    "Resize(size=(9, 8), interpolation=bicubic, max_size=None, antialias=True)": T.Resize(
        (9, 8), InterpolationMode.BICUBIC
    ),
    "CenterCrop(size=(224, 224))": T.CenterCrop(224),
    "Pad(padding=2, fill=0, padding_mode=constant)": T.Pad(2),
    "Grayscale(num_output_channels=1)": T.Grayscale(),
    "RandomGrayscale(p=0.1)": T.RandomGrayscale(),
    "RandomHorizontalFlip(p=0.5)": T.RandomHorizontalFlip(),
    "RandomVerticalFlip(p=0.25)": T.RandomVerticalFlip(0.25),
    "RandomCrop(size=(32, 32), padding=4)": T.RandomCrop(32, padding=4),
    "RandomResizedCrop(size=(224, 224), scale=(0.08, 1.0), ratio=(0.75, 1.3333), "
    "interpolation=bilinear, antialias=True)": T.RandomResizedCrop(224),
    "ColorJitter(brightness=(0.5, 1.5), contrast=None, saturation=None, hue=(-0.1, 0.1))":
        T.ColorJitter(brightness=0.5, hue=0.1),
    "RandomRotation(degrees=[-10.0, 10.0], interpolation=nearest, expand=False, fill=0)":
        T.RandomRotation(10),
    "RandomAffine(degrees=[-5.0, 5.0], translate=(0.1, 0.2), scale=(0.8, 1.2), "
    "shear=[-3.0, 3.0])": T.RandomAffine(5, (0.1, 0.2), (0.8, 1.2), 3),
    "RandomErasing(p=0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace=False)":
        T.RandomErasing(),
    "GaussianBlur(kernel_size=(3, 3), sigma=(0.1, 2.0))": T.GaussianBlur(3),
    "RandomApply(\n    p=0.5\n    ToTensor()\n)": T.RandomApply([T.ToTensor()]),
    "RandomChoice(\n    ToTensor()\n)(p=None)": T.RandomChoice([T.ToTensor()]),
    "Compose(\n    ToTensor()\n    Lambda()\n)": T.Compose([T.ToTensor(), T.Lambda(abs)]),
}


@pytest.mark.parametrize("text", REPRS)
def test_reprs(text: str) -> None:
    assert repr(REPRS[text]) == text


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.to_tensor([1]), TypeError, "pic should be PIL Image or ndarray. Got <class 'list'>"),
    (lambda: F.to_tensor(numpy.zeros(3)), ValueError, "pic should be 2/3 dimensional. Got 1 dim"),
    (lambda: F.pil_to_tensor(1), TypeError, "pic should be PIL Image. Got <class 'int'>"),
    (lambda: F.to_pil_image(1), TypeError, "pic should be Tensor or ndarray. Got <class 'int'>."),
    (lambda: F.to_pil_image(flambeau.zeros(5, 2, 2)), ValueError, "pic should not have > 4 chann"),
    (lambda: F.to_pil_image(flambeau.zeros(3, 2, 2), "L"), ValueError, "Only modes .* supported"),
    (lambda: F.to_pil_image(numpy.zeros((2, 2))), TypeError, "Input type float64 is not supported"),
    (lambda: F.normalize(1, [0], [1]), TypeError, "img should be Tensor Image. Got <class 'int'>"),
    (lambda: F.normalize(flambeau.zeros(1, 2, 2), [0], [0]), ValueError, "std evaluated to zero"),
    (lambda: F.normalize(flambeau.zeros(2, 2), [0], [1]), ValueError, "Expected tensor to be a"),
    (lambda: F.normalize(flambeau.arange(4).view(1, 2, 2), [0], [1]), TypeError, "float tensor"),
    (lambda: F.resize(flambeau.zeros(1, 2, 2), (1, 2, 3)), ValueError, "Size must be an int or"),
    (lambda: F.resize(flambeau.zeros(1, 2, 2), 3, 99), TypeError, "Argument interpolation should"),
    (lambda: F.pad(flambeau.zeros(1, 2, 2), (1, 2, 3)), ValueError, "Padding must be an int or a"),
    (lambda: F.adjust_hue(flambeau.zeros(3, 2, 2), 0.6), ValueError, r"is not in \[-0.5, 0.5\]"),
    (lambda: F.gaussian_blur(flambeau.zeros(1, 9, 9), 4), ValueError, "odd and positive integers"),
    (lambda: F.affine(flambeau.zeros(1, 2, 2), 0, (0, 0), 0, 0), ValueError, "should be positive"),
    (lambda: F.get_dimensions("image"), TypeError, "img should be PIL Image or Tensor Image"),
    (lambda: T.RandomCrop(9)(flambeau.zeros(1, 2, 2)), ValueError, "Required crop size .9, 9. is"),
    (lambda: T.CenterCrop((1, 2, 3)), ValueError, "Please provide only two dimensions"),
    (lambda: T.Resize("large"), ValueError, "If size is a sequence, it should have 1 or 2"),
    (lambda: T.Lambda(3), TypeError, "Argument lambd should be callable, got 'int'"),
    (lambda: T.ColorJitter(hue=0.7), ValueError, "hue values should be between"),
    (lambda: T.RandomRotation(-1), ValueError, "single number, it must be positive"),
    (lambda: T.RandomErasing(2), ValueError, "probability should be between 0 and 1"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_errors(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    from flambeau.vision import pillow

    monkeypatch.setattr(pillow, "has_pillow", lambda: False)
    with pytest.raises(ImportError, match="needs Pillow, which is not installed: pip install"):
        F.to_pil_image(flambeau.zeros(1, 2, 2))
