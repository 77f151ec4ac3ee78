"""The further models: sizes that torchvision publishes, keys, arguments, and a step of training."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

import flambeau
from flambeau import nn
from flambeau.vision import models
from flambeau.vision.models.efficientnet_blocks import FusedMBConvConfig, MBConvConfig

# Parameters with 1000 classes, as torchvision's documentation gives them.
PUBLISHED = {
    "mnasnet0_5": 2_218_512, "mnasnet0_75": 3_170_208, "mnasnet1_0": 4_383_312,
    "mnasnet1_3": 6_282_256, "shufflenet_v2_x0_5": 1_366_792, "shufflenet_v2_x1_0": 2_278_604,
    "shufflenet_v2_x1_5": 3_503_624, "shufflenet_v2_x2_0": 7_393_996,
    "efficientnet_b0": 5_288_548, "efficientnet_b1": 7_794_184, "efficientnet_b2": 9_109_994,
    "efficientnet_b3": 12_233_232, "efficientnet_b4": 19_341_616, "efficientnet_b5": 30_389_784,
    "efficientnet_b6": 43_040_704, "efficientnet_b7": 66_347_960,
    "efficientnet_v2_s": 21_458_488, "efficientnet_v2_m": 54_139_356,
    "efficientnet_v2_l": 118_515_272, "mobilenet_v3_large": 5_483_032,
    "mobilenet_v3_small": 2_542_856, "convnext_tiny": 28_589_128, "convnext_small": 50_223_688,
    "convnext_base": 88_591_464, "convnext_large": 197_767_336, "inception_v3": 27_161_264,
    "googlenet": 13_004_888,
}

# One key of each family that tells how deep its parts are nested, and its shape.
KEYS: dict[str, dict[str, tuple[int, ...]]] = {
    "mnasnet1_0": {"layers.8.0.layers.0.weight": (48, 16, 1, 1), "layers.14.weight":
                   (1280, 320, 1, 1), "classifier.1.bias": (1000,)},
    "shufflenet_v2_x1_0": {"stage2.0.branch1.0.weight": (24, 1, 3, 3),
                           "stage4.3.branch2.5.weight": (232, 232, 1, 1),
                           "conv5.0.weight": (1024, 464, 1, 1), "fc.weight": (1000, 1024)},
    "efficientnet_b0": {"features.1.0.block.1.fc1.weight": (8, 32, 1, 1),
                        "features.2.0.block.0.0.weight": (96, 16, 1, 1),
                        "features.8.0.weight": (1280, 320, 1, 1)},
    "efficientnet_v2_s": {"features.1.0.block.0.0.weight": (24, 24, 3, 3),
                          "features.4.0.block.2.fc2.bias": (256,)},
    "mobilenet_v3_large": {"features.4.block.2.fc1.weight": (24, 72, 1, 1),
                           "features.16.1.running_var": (960,), "classifier.3.bias": (1000,)},
    "convnext_tiny": {"features.1.0.layer_scale": (96, 1, 1), "features.2.0.weight": (96,),
                      "features.7.2.block.5.weight": (768, 3072), "classifier.2.bias": (1000,)},
    "inception_v3": {"Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
                     "Mixed_7c.branch3x3dbl_3b.bn.bias": (384,), "AuxLogits.fc.bias": (1000,)},
    "googlenet": {"inception3a.branch2.1.conv.weight": (128, 96, 3, 3),
                  "aux2.fc1.weight": (1024, 2048), "inception5b.branch4.1.bn.weight": (128,)},
}


@pytest.fixture()
def unfilled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave first weights as they are: the largest networks would take minutes to draw."""
    for name in ("trunc_normal_", "kaiming_normal_", "kaiming_uniform_", "uniform_", "normal_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *args, **kwargs: tensor)
    for kind in (nn.Conv2d, nn.Linear):
        monkeypatch.setattr(kind, "reset_parameters", lambda self: None)


def build(name: str, **options: Any) -> nn.Module:
    """Builds a model; the two of Inception's line warn where nothing is said of their weights."""
    if name in ("inception_v3", "googlenet"):
        options["init_weights"] = False
    return models.get_model(name, **options)


@pytest.mark.usefixtures("unfilled")
@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_and_keys(name: str) -> None:
    """They are torchvision's."""
    model = build(name)
    assert sum(parameter.numel() for parameter in model.parameters()) == PUBLISHED[name]
    state = model.state_dict()
    for key, shape in KEYS.get(name, {}).items():
        assert tuple(state[key].shape) == shape


def small_convnext(num_classes: int) -> nn.Module:
    """A ConvNeXt of two stages."""
    rows = [models.convnext.CNBlockConfig(8, 12, 1), models.convnext.CNBlockConfig(12, None, 2)]
    return models.ConvNeXt(rows, 0.2, num_classes=num_classes)


def small_efficientnet(num_classes: int) -> nn.Module:
    """An EfficientNet with a stage of either kind."""
    rows = [FusedMBConvConfig(2, 3, 2, 8, 8, 2), MBConvConfig(2, 5, 1, 8, 16, 2)]
    return models.EfficientNet(rows, 0.1, num_classes=num_classes, last_channel=24)


def small_mobilenet(num_classes: int) -> nn.Module:
    """A MobileNetV3 of quarter width with a dilated tail."""
    return models.mobilenet_v3_small(num_classes=num_classes, width_mult=0.25, dilated=True,
                                     reduced_tail=True)


@pytest.mark.parametrize("make", [
    small_convnext, small_efficientnet, small_mobilenet,
    partial(models.ShuffleNetV2, [1, 2, 1], [8, 16, 32, 64, 32]), partial(models.MNASNet, 0.25)])
def test_they_train(make: Any) -> None:
    """Every parameter gets a gradient, and outputs in evaluation do not depend on the batch."""
    flambeau.manual_seed(0)
    model = make(num_classes=3)
    x = flambeau.randn(2, 3, 32, 32)
    loss = nn.functional.cross_entropy(model(x), flambeau.tensor([0, 2]))
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())
    model.eval()
    with flambeau.no_grad():
        flambeau.testing.assert_close(model(x)[:1], model(x[:1]), rtol=1e-4, atol=1e-5)


def test_classifiers_inside_googlenet_and_inception() -> None:
    """They speak while training only; published files may hold parts that the model lacks."""
    flambeau.manual_seed(0)
    with pytest.warns(FutureWarning, match="default weight initialization of GoogleNet"):
        model: Any = models.GoogLeNet(num_classes=2)
    outputs = model(flambeau.randn(2, 3, 32, 32))
    assert type(outputs).__name__ == "GoogLeNetOutputs"
    assert outputs._fields == ("logits", "aux_logits2", "aux_logits1")
    sum(score.sum() for score in outputs).backward()
    assert model.aux1.fc2.weight.grad is not None
    assert model.eval()(flambeau.randn(1, 3, 32, 32)).shape == (1, 2)
    assert models.InceptionOutputs._fields == ("logits", "aux_logits")
    with pytest.raises(ValueError, match="inception_blocks should be 7"):
        models.Inception3(inception_blocks=[], init_weights=False)


@pytest.mark.usefixtures("unfilled")
def test_a_file_with_further_classifiers_loads_without_them(tmp_path: Path) -> None:
    """torchvision's file of GoogLeNet holds them; most programs do not ask for them."""
    whole = build("googlenet", num_classes=2)
    flambeau.save(whole.state_dict(), tmp_path / "googlenet.pth")
    model: Any = build("googlenet", num_classes=2, aux_logits=False,
                       weights=tmp_path / "googlenet.pth")
    assert model.aux1 is None
    assert flambeau.equal(model.conv1.conv.weight, whole.conv1.conv.weight)
    with pytest.raises(RuntimeError, match="size mismatch"):
        build("googlenet", num_classes=3, weights=tmp_path / "googlenet.pth")


def test_published_weights_know_their_images() -> None:
    """Sizes, interpolation and statistics differ between models."""
    images = models.EfficientNet_V2_L_Weights.DEFAULT.transforms()
    assert images.crop_size == [480] and images.mean == [0.5, 0.5, 0.5]
    assert images.interpolation.value == "bicubic"
    assert models.EfficientNet_B1_Weights.DEFAULT.transforms().resize_size == [255]
    assert models.Inception_V3_Weights.DEFAULT.transforms().crop_size == [299]
    assert models.MobileNet_V3_Large_Weights.DEFAULT.url.endswith("large-5c1a4163.pth")
    assert models.get_weight("ConvNeXt_Tiny_Weights.DEFAULT").transforms().resize_size == [236]
    with pytest.raises(ValueError, match="'num_classes' expected value 1000 but got 7"):
        models.mobilenet_v3_small(weights="DEFAULT", num_classes=7)


@pytest.mark.parametrize("make, kind, message", [
    (lambda: models.EfficientNet([], 0.1), ValueError, "should not be empty"),
    (lambda: models.EfficientNet([1], 0.1), TypeError, "List.MBConvConfig"),
    (lambda: models.MobileNetV3([], 8), ValueError, "should not be empty"),
    (lambda: models.ConvNeXt([]), ValueError, "should not be empty"),
    (lambda: models.ConvNeXt([3]), TypeError, "List.CNBlockConfig"),
    (lambda: models.ShuffleNetV2([1], [1]), ValueError, "list of 3 positive ints"),
    (lambda: models.ShuffleNetV2([1, 1, 1], [1]), ValueError, "list of 5 positive ints"),
    (lambda: models.shufflenetv2.InvertedResidual(4, 8, 1), ValueError, "Invalid combination"),
    (lambda: models.MNASNet(0.0), ValueError, "alpha should be greater than 0.0"),
])
def test_errors(make: Any, kind: type[Exception], message: str) -> None:
    """Settings of another form are refused."""
    with pytest.raises(kind, match=message):
        make()
