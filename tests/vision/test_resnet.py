"""The ResNet family: shapes, parameter counts, keys, weights from files and their errors."""

from __future__ import annotations

from pathlib import Path

import pytest

import flambeau
from flambeau import nn
from flambeau.vision import models
from flambeau.vision.models import weights
from flambeau.vision.models.resnet import BasicBlock, Bottleneck, ResNet

PARAMETERS = {
    "resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032,
    "resnet101": 44_549_160, "resnet152": 60_192_808,
    "resnext50_32x4d": 25_028_904, "wide_resnet50_2": 68_883_240,
}


def tiny(block: type[BasicBlock | Bottleneck] = BasicBlock, **arguments: object) -> ResNet:
    """Returns a network with one block in each stage."""
    flambeau.manual_seed(0)
    return ResNet(block, [1, 1, 1, 1], num_classes=5, **arguments)


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "resnext50_32x4d"])
def test_the_published_number_of_parameters(name: str) -> None:
    """Each network has as many parameters as its publication says."""
    model = getattr(models, name)()
    assert sum(parameter.numel() for parameter in model.parameters()) == PARAMETERS[name]


@pytest.mark.parametrize("block", [BasicBlock, Bottleneck])
def test_it_maps_images_to_scores(block: type[BasicBlock | Bottleneck]) -> None:
    """(N, 3, H, W) becomes (N, classes), and gradients reach the stem."""
    model = tiny(block)
    scores = model(flambeau.randn(2, 3, 64, 64))
    scores.sum().backward()
    assert scores.shape == (2, 5)
    assert model.conv1.weight.grad.shape == (64, 3, 7, 7)


def test_dilation_keeps_the_resolution() -> None:
    """A stage that dilates in place of striding leaves its input's size."""
    model = tiny(Bottleneck, replace_stride_with_dilation=[False, True, True])
    features = nn.Sequential(model.conv1, model.maxpool, model.layer1, model.layer2,
                             model.layer3, model.layer4)
    assert features(flambeau.randn(1, 3, 64, 64)).shape == (1, 2048, 8, 8)


def test_zero_init_residual_starts_the_blocks_as_identities() -> None:
    """The last normalization of each block has weight 0."""
    model = tiny(zero_init_residual=True)
    assert all(float(model.get_submodule(f"layer{stage}.0.bn2").weight.abs().sum()) == 0
               for stage in range(1, 5))


def test_weights_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is loaded; a published name is looked for where PyTorch downloads to."""
    flambeau.manual_seed(1)
    model = models.resnet18()
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    path = folder / models.ResNet18_Weights.IMAGENET1K_V1.value
    flambeau.save(model.state_dict(), path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for given in (str(path), "IMAGENET1K_V1", models.ResNet18_Weights.DEFAULT):
        loaded = models.resnet18(weights=given)
        assert flambeau.equal(loaded.fc.weight, model.fc.weight)


def test_absent_weights_are_said_to_be_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they cannot be downloaded, the error says where to put the file."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "URL", tmp_path.as_uri() + "/")
    with pytest.raises(RuntimeError, match=r"Put the file resnet18-f37072fd.pth into"):
        models.resnet18(weights="DEFAULT", progress=False)
    with pytest.raises(FileNotFoundError, match="neither a file nor one of"):
        models.resnet18(weights="nothing")
    with pytest.raises(TypeError, match="must be None"):
        models.resnet18(weights=3)
    with pytest.raises(ValueError, match="expected value 1000 but got 5"):
        models.resnet18(weights=models.ResNet18_Weights.DEFAULT, num_classes=5)


def test_the_old_argument_warns() -> None:
    """`pretrained=False` works as before torchvision 0.13, with its warning."""
    with pytest.warns(UserWarning, match="The parameter 'pretrained' is deprecated"):
        models.resnet18(pretrained=False, num_classes=2)


def test_wrong_arguments_raise() -> None:
    """The blocks and the network refuse what they cannot do."""
    with pytest.raises(ValueError, match="only supports groups=1"):
        BasicBlock(8, 8, groups=2)
    with pytest.raises(NotImplementedError, match="Dilation > 1 not supported"):
        BasicBlock(8, 8, dilation=2)
    with pytest.raises(ValueError, match="a 3-element tuple"):
        tiny(replace_stride_with_dilation=[True])
