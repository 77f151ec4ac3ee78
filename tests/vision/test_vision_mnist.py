"""IDX files, MNIST, downloads."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

from flambeau.utils.data import DataLoader
from flambeau.vision import transforms
from flambeau.vision.datasets import MNIST, FashionMNIST, VisionDataset, vision
from flambeau.vision.datasets.idx import read_idx, read_image_file, read_label_file
from flambeau.vision.datasets.utils import download_url

EXAMPLES = Path(__file__).parents[2] / "examples" / "data"


def idx(array: numpy.ndarray[Any, Any], code: int = 0x08) -> bytes:
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.tobytes()


IMAGES = numpy.arange(6 * 4 * 3, dtype=numpy.uint8).reshape(6, 4, 3)
LABELS = numpy.array([3, 1, 4, 1, 5, 9], numpy.uint8)


def write_mnist(folder: Path, dotted: bool = False, packed: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "t10k"):
        for kind, array in (("images-idx3", IMAGES), ("labels-idx1", LABELS)):
            name = f"{split}-{kind.replace('-', '.') if dotted else kind}-ubyte"
            content = idx(array)
            if packed:
                name, content = name + ".gz", gzip.compress(content)
            (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("code_type", [(0x08, "u1"), (0x09, "i1"), (0x0B, ">i2"), (0x0C, ">i4"),
                                       (0x0D, ">f4"), (0x0E, ">f8")])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_types(tmp_path: Path, code_type: tuple[int, str], packed: bool) -> None:
    code, kind = code_type
    array = numpy.arange(24).reshape(2, 3, 4).astype(kind)
    content = idx(array, code)
    path = tmp_path / "data"
    path.write_bytes(gzip.compress(content) if packed else content)
    read = read_idx(path)
    assert read.dtype.isnative and read.tolist() == array.tolist()


GOOD = idx(IMAGES)
BAD_FILES = {
    "empty": (b"", "truncated: magic number need 4 bytes, 0 are there"),
    "wrong magic": (b"\x89PNG" + GOOD, "wrong magic number 0x89504e47"),
    "unknown type": (b"\0\0\x0a\x03" + GOOD[4:], "wrong magic number 0x00000a03"),
    "no dimension": (b"\0\0\x08\0" + GOOD[4:], "wrong magic number 0x00000800"),
    "short header": (GOOD[:10], "truncated: sizes need 12 bytes, 6 are there"),
    "truncated": (GOOD[:-1], r"elements of shape \(6, 4, 3\) need 72 bytes, 71 are there"),
    "trailing": (GOOD + b"xy", r"2 bytes follow the 72 bytes of shape \(6, 4, 3\)"),
    "huge": (b"\0\0\x08\x03" + b"\xff" * 12, r"header sizes \(4294967295, "),
    "large lie": (b"\0\0\x08\x01\x7f\xff\xff\xff" + b"a", "need 2147483647 bytes, 1 are there"),
    "cut gzip": (gzip.compress(GOOD)[:-12], "damaged or truncated gzip file"),
    "wrong gzip checksum": (gzip.compress(GOOD)[:-8] + b"\0" * 8, "damaged or truncated gzip"),
    "not gzip inside": (gzip.compress(GOOD)[:10] + b"\xff" * 40, "damaged or truncated gzip"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_named(tmp_path: Path, name: str) -> None:
    content, message = BAD_FILES[name]
    path = tmp_path / "bad-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_images_and_labels_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(idx(LABELS))
    with pytest.raises(ValueError, match="3 dimension instead of 1"):
        read_image_file(path)
    assert read_label_file(path).tolist() == LABELS.tolist()
    assert str(read_label_file(path).dtype) == "torch.int64"
    path.write_bytes(idx(IMAGES.astype(">i4"), 0x0C))
    with pytest.raises(TypeError, match="uint8 instead of int32"):
        read_image_file(path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("place", ["", "MNIST/raw"])
def test_places_and_spellings(tmp_path: Path, place: str, dotted: bool, packed: bool) -> None:
    write_mnist(tmp_path / place, dotted, packed)
    dataset = MNIST(tmp_path)
    assert dataset.data.tolist() == IMAGES.tolist() and len(dataset) == 6
    assert dataset.targets.tolist() == LABELS.tolist()


def test_items_and_interface(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    dataset = MNIST(str(tmp_path), train=False, transform=transforms.ToTensor(),
                    target_transform=lambda label: label + 100)
    image, label = dataset[2]
    assert label == 104 and image.shape == (1, 4, 3)
    expected = IMAGES[2].astype(numpy.float32) / numpy.float32(255)
    assert (image.numpy() == expected).all()
    assert dataset.classes[9] == "9 - nine" and dataset.class_to_idx["3 - three"] == 3
    assert str(dataset.data.dtype) == "torch.uint8"
    with pytest.warns(UserWarning, match="test_labels has been renamed targets"):
        assert dataset.test_labels is dataset.targets
    with pytest.raises(IndexError):
        dataset[6]
    batch, labels = next(iter(DataLoader(dataset, batch_size=4)))
    assert batch.shape == (4, 1, 4, 3) and labels.tolist() == [103, 101, 104, 101]
    dataset.targets = [0] * 6  # type: ignore[assignment]
    assert dataset[0][1] == 100


def test_items_without_transform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(tmp_path)
    pillow = pytest.importorskip("PIL.Image")
    image, label = MNIST(tmp_path)[1]
    assert isinstance(image, pillow.Image) and image.mode == "L" and image.size == (3, 4)
    assert type(label) is int
    monkeypatch.setattr(vision, "has_pillow", lambda: False)
    image, _ = MNIST(tmp_path)[1]
    assert image.dtype == numpy.uint8 and image.tolist() == IMAGES[1].tolist()
    assert MNIST(tmp_path, transform=transforms.ToTensor())[1][0].shape == (1, 4, 3)


def test_repr(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    both = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    assert repr(MNIST(tmp_path, transform=both)) == (
        "Dataset MNIST\n"
        "    Number of datapoints: 6\n"
        f"    Root location: {tmp_path}\n"
        "    Split: Train\n"
        "    StandardTransform\n"
        "Transform: Compose(\n"
        "               ToTensor()\n"
        "               Normalize(mean=(0.5,), std=(0.5,))\n"
        "           )"
    )
    assert repr(MNIST(tmp_path, train=False)).endswith("\n    Split: Test")


def test_missing_and_inconsistent_files(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Dataset not found. You can use download=True"):
        MNIST(tmp_path)
    write_mnist(tmp_path)
    labels = tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(idx(LABELS[:5]))
    with pytest.raises(ValueError, match="has 6 images, but .*labels-idx1-ubyte has 5 labels"):
        MNIST(tmp_path)
    labels.write_bytes(idx(LABELS + numpy.uint8(1)))
    with pytest.raises(ValueError, match=r"label 10 is outside 0 \.\. 9"):
        MNIST(tmp_path)
    with pytest.raises(ValueError, match="Only transforms or transform/target_transform"):
        VisionDataset(tmp_path, transforms=max, transform=abs)


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/cut/"):  # a connection that breaks off
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"too short")
        else:
            super().do_GET()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Files, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}/", folder
        running.shutdown()
        thread.join()


def checksums(folder: Path) -> list[tuple[str, str]]:
    files = sorted(folder.glob("*.gz"))
    return [(file.name, hashlib.md5(file.read_bytes()).hexdigest()) for file in files]


def test_download_takes_the_mirror_that_works(
    tmp_path: Path, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    address, served = server
    write_mnist(served, packed=True)
    write_mnist(served / "altered", packed=True)
    for file in (served / "altered").iterdir():
        file.write_bytes(file.read_bytes() + b"x")
    monkeypatch.setattr(MNIST, "resources", checksums(served))
    mirrors = [address + place for place in ("missing/", "cut/", "altered/", "")]
    monkeypatch.setattr(MNIST, "mirrors", mirrors)
    root = tmp_path / "root"
    dataset = MNIST(root, download=True)
    assert dataset.targets.tolist() == LABELS.tolist()
    raw = root / "MNIST" / "raw"
    assert sorted(path.name for path in raw.iterdir()) == [name for name, _ in MNIST.resources]
    assert capsys.readouterr().out.count("Failed to download (trying next)") == 12
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    assert len(MNIST(root, download=True)) == 6  # what is there is not fetched again
    with pytest.raises(RuntimeError, match="Error downloading t10k-images-idx3-ubyte.gz: "):
        MNIST(tmp_path / "other", download=True)
    assert list((tmp_path / "other").rglob("*.*")) == []


def test_download_checks_and_is_atomic(tmp_path: Path, server: tuple[str, Path]) -> None:
    address, served = server
    (served / "file").write_bytes(b"content")
    digest = hashlib.md5(b"content").hexdigest()
    assert download_url(address + "file", tmp_path, md5=digest).read_bytes() == b"content"
    with pytest.raises(RuntimeError, match=f"file has MD5 {digest} instead of 0+$"):
        download_url(address + "file", tmp_path / "new", md5="0" * 32)
    with pytest.raises(OSError, match="got 9 of 1000 bytes"):
        download_url(address + "cut/file", tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_real_resources_are_pinned() -> None:
    for dataset in (MNIST, FashionMNIST):
        assert len(dataset.resources) == 4 and len(dataset.classes) == 10
        assert all(len(md5) == 32 for _, md5 in dataset.resources)
    assert len(MNIST.mirrors) == 2


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not here")
def test_the_digits_of_the_examples() -> None:
    dataset = MNIST(EXAMPLES, train=False)
    assert dataset.data.shape == (10_000, 28, 28)
    assert dataset.targets[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    content = dataset.data.numpy().tobytes()
    assert hashlib.sha256(content).hexdigest() == CONTENT_SHA256
    counts = numpy.bincount(dataset.targets.numpy()).tolist()
    assert counts == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


CONTENT_SHA256 = "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"
