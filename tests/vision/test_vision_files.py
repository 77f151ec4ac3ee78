"""Data sets of files, and pictures written and drawn."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy
import pytest

import flambeau
from flambeau.vision import datasets, transforms, utils
from flambeau.vision.pillow import has_pillow

needs_pillow = pytest.mark.skipif(not has_pillow(), reason="Pillow is not installed")


class Evil:
    """Pickles as a call."""

    def __reduce__(self) -> Any:
        return os.getenv, ("HOME",)


def write_cifar(folder: Path, monkeypatch: pytest.MonkeyPatch, extra: object = None) -> Any:
    """Writes small files of CIFAR-10's format, packs them, and records their checksums."""
    rng = numpy.random.default_rng(0)
    names = [name for name, _ in datasets.CIFAR10.train_list + datasets.CIFAR10.test_list]
    batches = {name: {"data": rng.integers(0, 256, (4, 3072), numpy.uint8),
                      "labels": [0, 1, 2, k], "extra": extra} for k, name in enumerate(names)}
    contents = {name: pickle.dumps(batch, 2) for name, batch in batches.items()}
    contents["batches.meta"] = pickle.dumps({"label_names": list("abcdefghij")}, 2)
    archive = folder / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    cifar = datasets.CIFAR10
    monkeypatch.setattr(cifar, "train_list", [[name, md5[name]] for name in names[:5]])
    monkeypatch.setattr(cifar, "test_list", [[names[5], md5[names[5]]]])
    monkeypatch.setattr(cifar, "meta", cifar.meta | {"md5": md5["batches.meta"]})
    monkeypatch.setattr(cifar, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    monkeypatch.setattr(cifar, "url", archive.as_uri())
    return batches


def test_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive is fetched, checked, unpacked and read; a damaged file is noticed."""
    (tmp_path / "source").mkdir()
    batches = write_cifar(tmp_path / "source", monkeypatch)
    root = tmp_path / "data"
    with pytest.raises(RuntimeError, match="not found or corrupted"):
        datasets.CIFAR10(root)
    train = datasets.CIFAR10(root, download=True)
    test = datasets.CIFAR10(root, train=False)
    assert len(train) == 20 and len(test) == 4 and train.targets[-1] == 4
    first = batches["data_batch_1"]["data"][0].reshape(3, 32, 32).transpose(1, 2, 0)
    image, label = train[0]
    assert (numpy.asarray(image) == first).all() and label == 0
    assert train.classes[2] == "c" and test.class_to_idx["j"] == 9
    assert "Split: Test" in repr(test)
    path = root / "cifar-10-batches-py" / "test_batch"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(RuntimeError, match="corrupted"):
        datasets.CIFAR10(root)


def test_cifar_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that asks for a function is refused, whatever its checksum says."""
    write_cifar(tmp_path, monkeypatch, Evil())
    with pytest.raises(pickle.UnpicklingError, match="getenv in a file of CIFAR"):
        datasets.CIFAR10(tmp_path, download=True)


def test_cifar_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which file to put where."""
    monkeypatch.setattr(datasets.CIFAR100, "url", (tmp_path / "absent").as_uri())
    with pytest.raises(RuntimeError, match="Put the file into"):
        datasets.CIFAR100(tmp_path, download=True)


def test_folders_are_classes(tmp_path: Path) -> None:
    """Files below sorted folders, by ending or by a function."""
    for name in ("cat/b.txt", "cat/deep/a.TXT", "ant/z.txt", "ant/no.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    data = datasets.DatasetFolder(tmp_path, lambda path: Path(path).read_text(), (".txt",),
                                  transform=str.upper, target_transform=lambda t: -t)
    assert data.classes == ["ant", "cat"] and data.targets == [0, 1, 1]
    assert [data[k] for k in range(3)] == [("ANT/Z.TXT", 0), ("CAT/B.TXT", -1),
                                           ("CAT/DEEP/A.TXT", -1)]
    one = datasets.DatasetFolder(tmp_path, str, is_valid_file=lambda path: "no" in path,
                                 allow_empty=True)
    assert len(one) == 1
    with pytest.raises(FileNotFoundError, match="Found no valid file for the classes cat"):
        datasets.ImageFolder(tmp_path)
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder"):
        datasets.ImageFolder(tmp_path / "cat" / "deep")


@needs_pillow
def test_folders_of_images(tmp_path: Path) -> None:
    """What `save_image` wrote is read back."""
    for k, name in enumerate(("x", "y")):
        (tmp_path / name).mkdir()
        utils.save_image(flambeau.full((3, 4, 5), k / 2), tmp_path / name / "0.png")
    data = datasets.ImageFolder(str(tmp_path), transform=numpy.asarray)
    assert [(image.mean(), label) for image, label in data] == [(0, 0), (128, 1)]
    assert data.imgs == data.samples


@needs_pillow
def test_fake_data() -> None:
    """The same index gives the same image and leaves the random numbers alone."""
    data = datasets.FakeData(3, (3, 4, 5), num_classes=4)
    flambeau.manual_seed(7)
    (image, label), expected = data[1], flambeau.rand(1)
    assert image.size == (5, 4) and 0 <= label < 4
    flambeau.manual_seed(7)
    assert flambeau.equal(flambeau.rand(1), expected) and data[1][1] == label
    with pytest.raises(IndexError):
        data[3]


def test_grids() -> None:
    """Places, padding, grey images, normalization."""
    images = flambeau.arange(5.0).view(5, 1, 1, 1).expand(5, 1, 2, 3)
    grid = utils.make_grid(images, nrow=2, padding=1, pad_value=9)
    assert grid.shape == (3, 10, 9)
    assert grid[0, ::3, ::4].tolist() == [[9, 9, 9]] * 4
    assert grid[2, 1::3, 1::4].tolist() == [[0, 1], [2, 3], [4, 9]]
    scaled = utils.make_grid(images, normalize=True, value_range=(1, 3), padding=0)
    assert scaled[0, 0, ::3].tolist() == [0, 0, 0.5, 1, 1]
    assert utils.make_grid(flambeau.ones(4, 5)).shape == (3, 4, 5)
    with pytest.raises(TypeError, match="tensor or list of tensors expected"):
        utils.make_grid([1])


@needs_pillow
def test_drawing() -> None:
    """Boxes and masks colour their pixels and no others; the image itself stays."""
    image = flambeau.zeros(3, 10, 12, dtype=flambeau.uint8)
    out = utils.draw_bounding_boxes(image, flambeau.tensor([[2, 3, 6, 8]]), colors="red")
    assert out[0].sum() == 255 * 18 and not out[1:].any() and not image.any()
    named = utils.draw_bounding_boxes(image, flambeau.tensor([[2, 3, 6, 8]]), ["a"], ["blue"])
    assert named[2].any()
    half = utils.draw_segmentation_masks(flambeau.zeros(3, 2, 2), flambeau.eye(2).bool(), 0.5,
                                         (0, 200, 0))
    assert half[1].tolist() == [[pytest.approx(100 / 255), 0], [0, pytest.approx(100 / 255)]]
    with pytest.raises(ValueError, match="Boxes need to be in"):
        utils.draw_bounding_boxes(image, flambeau.tensor([[6, 3, 2, 8]]))
    with pytest.raises(ValueError, match="not batches"):
        utils.draw_bounding_boxes(image[None], flambeau.zeros(1, 4))


def test_corners_and_the_middle() -> None:
    """Five crops, and five more of the mirror image."""
    image = flambeau.arange(24).view(1, 4, 6)
    five = transforms.FiveCrop(2)(image)
    assert [part[0, 0, 0].item() for part in five] == [0, 4, 12, 16, 8]
    ten = transforms.TenCrop((2, 2), vertical_flip=True)(image)
    assert [part[0, 0, 0].item() for part in ten[5:]] == [18, 22, 6, 10, 14]
    assert repr(transforms.TenCrop(2)) == "TenCrop(size=(2, 2), vertical_flip=False)"
    with pytest.raises(ValueError, match="bigger than input size"):
        transforms.FiveCrop(9)(image)
