"""Models besides ResNet: keys, sizes and first weights recorded from torchvision 0.29."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import flambeau
from flambeau.vision import models

# Parameters, and the first 16 digits of the SHA-256 of the lines "key shape" of the state_dict,
# of each network with 10 classes.
RECORDED = {
    "mobilenet_v2": (2_236_682, "bb13d57260743abb"),
    "densenet121": (6_964_106, "dafe6dfe8c5d4bbe"),
    "squeezenet1_0": (740_554, "c102b1a2f246185a"),
    "squeezenet1_1": (727_626, "27ac36bf67dc7286"),
}


def digest(model: flambeau.nn.Module) -> str:
    """Hashes the keys and shapes of a model's state."""
    lines = [f"{key} {tuple(value.shape)}" for key, value in model.state_dict().items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", RECORDED)
def test_keys_and_parameters(name: str) -> None:
    """They are torchvision's."""
    model = models.get_model(name, num_classes=10)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert (count, digest(model)) == RECORDED[name]


def test_vgg_and_alexnet_in_parts() -> None:
    """Their last layers are too large for a test; the convolutions have the published sizes."""
    features = models.vgg.make_layers(models.vgg.STAGES[11])
    assert sum(p.numel() for p in features.parameters()) == 9_220_480
    assert features(flambeau.zeros(1, 3, 32, 32)).shape == (1, 512, 1, 1)
    normalized = models.vgg.make_layers((1, 0, 0, 0, 0), batch_norm=True)
    assert list(normalized.state_dict())[:4] == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_first_weights_and_outputs() -> None:
    """Numbers that torchvision prints for the same seed."""
    flambeau.manual_seed(0)
    model = models.squeezenet1_1(num_classes=10).eval()
    x = flambeau.linspace(-1, 1, 3 * 96 * 96).reshape(1, 3, 96, 96)
    scores = model(x)[0, :2].tolist()
    assert scores == pytest.approx([0.0017836794722825289, 0.20581752061843872], abs=1e-6)


@pytest.mark.parametrize("name, size", [("mobilenet_v2", 32), ("densenet121", 32),
                                        ("squeezenet1_1", 33)])
def test_they_train(name: str, size: int) -> None:
    """Every parameter gets a gradient."""
    flambeau.manual_seed(0)
    model = models.get_model(name, num_classes=3)
    loss = flambeau.nn.functional.cross_entropy(model(flambeau.randn(2, 3, size, size)),
                                                flambeau.tensor([0, 2]))
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())


def test_a_small_vision_transformer() -> None:
    """Sequence length, a stem of convolutions, a further layer, and images of another size."""
    flambeau.manual_seed(0)
    stem = [models.vision_transformer.ConvStemConfig(8, 3, 2)] * 2
    model = models.VisionTransformer(16, 4, 2, 2, 8, 16, num_classes=3, representation_size=5,
                                     conv_stem_configs=stem)
    scores = model(flambeau.randn(2, 3, 16, 16))
    assert scores.shape == (2, 3) and not scores.any()  # the last layer starts at zero
    assert model.seq_length == 17 and "heads.pre_logits.weight" in model.state_dict()
    with pytest.raises(AssertionError, match="Wrong image height! Expected 16 but got 8!"):
        models.VisionTransformer(16, 4, 1, 2, 8, 16)(flambeau.randn(1, 3, 8, 16))


def test_old_names_of_densenet_load(tmp_path: Path) -> None:
    """Published files say `norm.1` where the model says `norm1`."""
    flambeau.manual_seed(0)
    options = {"num_classes": 2}
    model = models.densenet121(**options)
    old = {key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value
           for key, value in model.state_dict().items()}
    assert set(old) != set(model.state_dict())
    flambeau.save(old, tmp_path / "old.pth")
    loaded = models.densenet121(weights=tmp_path / "old.pth", **options)
    assert flambeau.equal(loaded.features.denseblock1.denselayer1.conv2.weight,
                          model.features.denseblock1.denselayer1.conv2.weight)


def test_names_and_published_weights() -> None:
    """Models and weights are found by name; weights know their address and their images."""
    assert {"resnet18", "vgg16_bn", "vit_b_16", "alexnet"} <= set(models.list_models())
    found = models.get_weight("VGG16_Weights.DEFAULT")
    assert found is models.VGG16_Weights.IMAGENET1K_V1
    assert found.url == "https://download.pytorch.org/models/vgg16-397923af.pth"
    image = flambeau.rand(3, 300, 280)
    out = models.MobileNet_V2_Weights.DEFAULT.transforms()(image)
    assert out.shape == (3, 224, 224) and float(out.min()) < 0
    with pytest.raises(ValueError, match="Unknown model"):
        models.get_model("resnet17")
    with pytest.raises(ValueError, match="no weights"):
        models.get_weight("VGG16_Weights.NONE")
    with pytest.raises(ValueError, match="stride should be 1 or 2"):
        models.mobilenetv2.InvertedResidual(8, 8, 3, 6)
    with pytest.raises(ValueError, match="Unsupported SqueezeNet version"):
        models.SqueezeNet("2_0")
