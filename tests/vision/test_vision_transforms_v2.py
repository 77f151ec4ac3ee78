"""transforms.v2: samples with labels, conversions, mixing of batches, containers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import flambeau
from flambeau.vision import transforms as v1
from flambeau.vision.transforms import v2
from flambeau.vision.transforms.v2 import functional as F

Image = pytest.importorskip("PIL.Image")


def picture(height: int = 12, width: int = 16) -> Any:
    pixels = numpy.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=numpy.uint8)
    return Image.fromarray(pixels)


def test_a_classifiers_pipeline() -> None:
    """The usual one: its result is that of the first version, the label passes by."""
    mean, std = [0.5, 0.4, 0.3], [0.2, 0.3, 0.4]
    new = v2.Compose([v2.ToImage(), v2.RandomResizedCrop(8, antialias=True),
                      v2.RandomHorizontalFlip(0.7), v2.ToDtype(flambeau.float32, scale=True),
                      v2.Normalize(mean, std)])
    old = v1.Compose([v1.PILToTensor(), v1.RandomResizedCrop(8, antialias=True),
                      v1.RandomHorizontalFlip(0.7), v1.ConvertImageDtype(flambeau.float32),
                      v1.Normalize(mean, std)])
    for seed in range(4):
        flambeau.manual_seed(seed)
        image, label = new(picture(), 3)
        flambeau.manual_seed(seed)
        assert flambeau.equal(image, old(picture())) and label == 3


def test_which_parts_of_a_sample_change() -> None:
    """Pillow's images all, alike; else the first tensor; what stands behind it does not."""
    flambeau.manual_seed(1)
    crop = v2.RandomCrop(5)
    first, second, text = crop(picture(), picture(), "text")
    assert first.tobytes() == second.tobytes() and first.size == (5, 5) and text == "text"
    image, target = crop(flambeau.rand(3, 9, 9), {"boxes": flambeau.ones(7, 4), "id": 3})
    assert image.shape == (3, 5, 5) and target["boxes"].shape == (7, 4) and target["id"] == 3
    nested = crop(({"image": picture(), "label": flambeau.ones(2, 9, 9)},))
    assert nested[0]["image"].size == (5, 5) and nested[0]["label"].shape == (2, 9, 9)


def test_conversions() -> None:
    """Kinds and numbers of images."""
    image = picture(2, 3)
    tensor = v2.ToImage()(image)
    assert tensor.shape == (3, 2, 3) and tensor.dtype == flambeau.uint8
    assert flambeau.equal(v2.ToImage()(numpy.asarray(image)), tensor)
    assert v2.ToImage()(numpy.zeros((4, 5), "u1")).shape == (1, 4, 5)
    assert v2.ToPILImage()(tensor).tobytes() == image.tobytes()
    assert flambeau.equal(v2.PILToTensor()(image), tensor)
    scaled = v2.ToDtype(flambeau.float32, scale=True)(tensor)
    assert flambeau.equal(scaled, tensor.float() / 255)
    assert flambeau.equal(v2.ToDtype(flambeau.float32)(tensor), tensor.float())
    by_kind = v2.ToDtype({flambeau.Tensor: flambeau.int32, "others": None})
    assert by_kind(tensor).dtype == flambeau.int32
    with pytest.raises(ValueError, match="No dtype was specified"):
        v2.ToDtype({int: flambeau.int32})(tensor)
    with pytest.warns(UserWarning, match="The transform `ToTensor..` is deprecated"):
        old = v2.ToTensor()
    assert flambeau.equal(old(image), scaled)
    assert v2.RGB()(tensor[:1]).shape == (3, 2, 3) and v2.RGB()(image.convert("L")).mode == "RGB"
    assert v2.Lambda(lambda number: number + 1, int)(tensor, 4)[1] == 5
    assert v2.ToPureTensor()(tensor) is tensor
    assert F.get_size(tensor) == [2, 3]
    assert flambeau.equal(F.horizontal_flip(tensor), tensor.flip(-1))
    with pytest.raises(TypeError, match="pure Tensor, a numpy array, or a PIL image"):
        F.to_image(3)


def test_mixup_and_cutmix() -> None:
    """Shares of pixels and of labels agree."""
    flambeau.manual_seed(0)
    images = flambeau.arange(4.0).reshape(4, 1, 1, 1).expand(4, 3, 10, 12)
    labels = flambeau.tensor([0, 1, 2, 3])
    for _ in range(5):
        mixed, shares = v2.MixUp(num_classes=4)(images, labels)
        assert shares.shape == (4, 4)
        flambeau.testing.assert_close(mixed[:, 0, 0, 0], shares @ flambeau.arange(4.0))
        cut, shares = v2.CutMix(alpha=2.0, num_classes=4)(images, labels)
        flambeau.testing.assert_close(cut[:, 0].mean((1, 2)), shares @ flambeau.arange(4.0))
        assert set(cut[2].flatten().tolist()) <= {1.0, 2.0}
    soft = flambeau.nn.functional.one_hot(labels, 4)
    sample = v2.MixUp()({"image": images, "label": soft})
    flambeau.testing.assert_close(sample["label"].sum(1), flambeau.ones(4))
    either = v2.RandomChoice([v2.CutMix(num_classes=4), v2.MixUp(num_classes=4)])
    assert either(images, labels)[1].shape == (4, 4)


@pytest.mark.torch
def test_shares_are_drawn_as_torchvision_draws_them() -> None:
    """A Beta distribution's sample, then CutMix' middle, column first."""
    torch = pytest.importorskip("torch")
    flambeau.manual_seed(7)
    torch.manual_seed(7)
    images = flambeau.stack([flambeau.zeros(1, 10, 12), flambeau.ones(1, 10, 12)])
    cut, shares = v2.CutMix(num_classes=2)(images, flambeau.tensor([0, 1]))
    share = float(torch.distributions.Beta(torch.tensor([1.0]), torch.tensor([1.0])).sample(()))
    x, y = int(torch.randint(12, (1,))), int(torch.randint(10, (1,)))
    half = 0.5 * (1 - share) ** 0.5
    box = (max(y - int(half * 10), 0), min(y + int(half * 10), 10),
           max(x - int(half * 12), 0), min(x + int(half * 12), 12))
    expected = numpy.zeros((10, 12))
    expected[box[0] : box[1], box[2] : box[3]] = 1
    assert (cut[0, 0].numpy() == expected).all()
    assert shares[0, 1].item() == pytest.approx(expected.mean(), abs=1e-6)


@pytest.mark.parametrize("call, message", [
    (lambda x, y: v2.MixUp()(x, y), "num_classes must be passed"),
    (lambda x, y: v2.MixUp(num_classes=3)(x[0], y), "Expected a batched input with 4 dims"),
    (lambda x, y: v2.MixUp(num_classes=3)(x, y[:1]), "batch size of the image"),
    (lambda x, y: v2.CutMix(num_classes=3)(x, 3), "default labels_getter"),
    (lambda x, y: v2.CutMix(num_classes=3)(x, x), "labels should be index based"),
    (lambda x, y: v2.CutMix(num_classes=3)(x, y[:, None].float()), "must match num_classes"),
    (lambda x, y: v2.CutMix(num_classes=3)(picture(), y), "does not support PIL images"),
    (lambda x, y: v2.CutMix(labels_getter=3), "labels_getter should either be"),
    (lambda x, y: v2.Compose([]), "Pass at least one transform"),
    (lambda x, y: v2.RandomApply([], 2), "interval .0.0, 1.0."),
    (lambda x, y: v2.RandomChoice([abs], [1, 2]), "Length of p doesn't match"),
])
def test_errors(call: Callable[[Any, Any], Any], message: str) -> None:
    """They are torchvision's."""
    with pytest.raises(ValueError, match=message):
        call(flambeau.rand(2, 3, 4, 4), flambeau.tensor([0, 1]))


def test_containers_and_reprs() -> None:
    """Order, chance and text."""
    flambeau.manual_seed(0)
    calls: list[str] = []

    def note(name: str) -> Callable[[Any], Any]:
        return lambda value: calls.append(name) or value

    v2.RandomOrder([note("a"), note("b"), note("c")])(1)
    assert sorted(calls) == ["a", "b", "c"]
    assert v2.RandomApply([lambda value: value + 1], 1.0)(1) == 2
    assert v2.RandomApply([lambda value: value + 1], 0.0)(1) == 1
    assert v2.RandomChoice([lambda value: 5, lambda value: 6], [0, 1])(1) == 6
    assert repr(v2.Compose([v2.ToImage(), v2.RandomHorizontalFlip()])) == (
        "Compose(\n      ToImage()\n      RandomHorizontalFlip(p=0.5)\n)")
    assert repr(v2.Resize(4)) == (
        "Resize(size=[4], interpolation=InterpolationMode.BILINEAR, antialias=True)")
    with pytest.raises(TypeError, match="should be a sequence of callables"):
        v2.Compose(3)  # type: ignore[arg-type]
