"""EMNIST, SVHN and STL-10 from small files of their formats."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy
import pytest

from flambeau.vision import datasets
from flambeau.vision.datasets.matlab import read_matlab
from flambeau.vision.pillow import has_pillow


def element(code: int, content: bytes) -> bytes:
    """One element of a MATLAB file, up to four bytes in the short form."""
    if 0 < len(content) <= 4:
        return struct.pack("<HH", code, len(content)) + content.ljust(4, b"\0")
    padding = b"" if code == 15 else b"\0" * (-len(content) % 8)
    return struct.pack("<II", code, len(content)) + content + padding


def matrix(name: str, array: Any, kind: int, code: int) -> bytes:
    """A matrix of numbers."""
    parts = [element(6, struct.pack("<II", kind, 0)),
             element(5, struct.pack(f"<{array.ndim}i", *array.shape)),
             element(1, name.encode()), element(code, array.tobytes(order="F"))]
    return element(14, b"".join(parts))


HEAD = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
X = numpy.random.default_rng(0).integers(0, 256, (32, 32, 3, 5), dtype=numpy.uint8)
Y = numpy.array([[1], [10], [3], [9], [10]], numpy.uint8)


def test_matlab_files(tmp_path: Path) -> None:
    """Plain and compressed, and numbers stored in fewer bytes than they have."""
    path = tmp_path / "a.mat"
    wide = numpy.arange(6, dtype=numpy.uint8).reshape(2, 3)
    text = element(14, element(6, struct.pack("<II", 4, 0)) + element(5, struct.pack("<2i", 1, 2))
                   + element(1, b"words") + element(4, b"a\0b\0"))
    path.write_bytes(HEAD + element(15, zlib.compress(matrix("X", X, 9, 2))) + text
                     + matrix("doubles", wide, 6, 2))
    arrays = read_matlab(path)
    assert list(arrays) == ["X", "doubles"]
    assert arrays["X"].dtype == numpy.uint8 and (arrays["X"] == X).all()
    assert arrays["doubles"].dtype == numpy.float64 and (arrays["doubles"] == wide).all()


@pytest.mark.parametrize("content, message", [
    (b"", "no MATLAB file"), (b"x" * 200, "no MATLAB file"),
    (HEAD + matrix("X", X, 9, 2)[:-9], "truncated"),
    (HEAD + element(15, b"12345678"), "damaged MATLAB file"),
    (HEAD + matrix("X", X, 9, 2).replace(struct.pack("<i", 5), struct.pack("<i", 9)),
     "numbers for the shape"),
])
def test_bad_matlab_files(tmp_path: Path, content: bytes, message: str) -> None:
    """One kind of exception, which says what is wrong."""
    path = tmp_path / "bad.mat"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_matlab(path)


def test_svhn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten is zero; images stand upright."""
    content = HEAD + element(15, zlib.compress(matrix("X", X, 9, 2))) + matrix("y", Y, 9, 2)
    (tmp_path / "source.mat").write_bytes(content)
    entry = [(tmp_path / "source.mat").as_uri(), "train_32x32.mat",
             hashlib.md5(content).hexdigest()]
    monkeypatch.setattr(datasets.SVHN, "split_list", {"train": entry})
    with pytest.raises(RuntimeError, match="not found or corrupted"):
        datasets.SVHN(tmp_path)
    with pytest.raises(ValueError, match="Unknown value 'tests' for argument split"):
        datasets.SVHN(tmp_path, "tests")
    data = datasets.SVHN(tmp_path, download=True, target_transform=lambda digit: digit + 100)
    assert data.data.shape == (5, 3, 32, 32) and data.labels.tolist() == [1, 0, 3, 9, 0]
    image, target = data[1]
    assert (numpy.asarray(image) == X[..., 1]).all() and target == 100 and len(data) == 5
    assert "Split: train" in repr(data)


def test_stl10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts, folds and labels; the files hold columns before rows."""
    rng = numpy.random.default_rng(1)
    files = {f"{part}_X.bin": rng.integers(0, 256, (count, 3, 96, 96), dtype=numpy.uint8).tobytes()
             for part, count in (("train", 4), ("test", 2), ("unlabeled", 3))}
    files |= {"train_y.bin": bytes([1, 2, 3, 10]), "test_y.bin": bytes([4, 5]),
              "class_names.txt": b"airplane\nbird\n", "fold_indices.txt": b"3 1 \n0 2\n"}
    archive = tmp_path / "packed.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"stl10_binary/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    stl = datasets.STL10
    monkeypatch.setattr(stl, "url", archive.as_uri())
    monkeypatch.setattr(stl, "tgz_md5", hashlib.md5(archive.read_bytes()).hexdigest())
    for name in ("train_list", "test_list"):
        monkeypatch.setattr(stl, name, [[file, hashlib.md5(files[file]).hexdigest()]
                                        for file, _ in getattr(stl, name)])
    with pytest.raises(RuntimeError, match="not found or corrupted"):
        stl(tmp_path)
    train = stl(tmp_path, download=True)
    assert len(train) == 4 and train.classes == ["airplane", "bird"]
    stored = numpy.frombuffer(files["train_X.bin"], numpy.uint8).reshape(4, 3, 96, 96)
    image, target = train[3]
    assert target == 9 and (numpy.asarray(image) == stored[3].transpose(2, 1, 0)).all()
    assert stl(tmp_path, "test").labels.tolist() == [3, 4]
    assert stl(tmp_path, "train+unlabeled").labels.tolist() == [0, 1, 2, 9, -1, -1, -1]
    assert stl(tmp_path, folds=0).labels.tolist() == [9, 1]
    with pytest.raises(ValueError, match="folds should be in the range"):
        stl(tmp_path, folds=10)
    with pytest.raises(ValueError, match="Valid values are .'train', 'train.unlabeled'"):
        stl(tmp_path, "valid")


def test_emnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive of archives is fetched once; splits have their classes."""
    images = numpy.arange(4 * 6, dtype=numpy.uint8).reshape(4, 2, 3)
    labels = numpy.array([1, 26, 3, 4], numpy.uint8)
    archive = tmp_path / "emnist.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            packed.writestr(f"gzip/emnist-letters-train-{kind}-ubyte.gz",
                            gzip.compress(head + array.tobytes()))
        packed.writestr("gzip/emnist-letters-mapping.txt", "1 65 97")
    monkeypatch.setattr(datasets.EMNIST, "url", archive.as_uri())
    monkeypatch.setattr(datasets.EMNIST, "md5", hashlib.md5(archive.read_bytes()).hexdigest())
    data = datasets.EMNIST(str(tmp_path), "letters", download=True)
    assert data.data.tolist() == images.tolist() and data[1][1] == 26
    assert data.classes[26] == "z" and data.class_to_idx["a"] == 1
    monkeypatch.setattr(datasets.EMNIST, "url", "file:///nowhere")
    assert len(datasets.EMNIST(str(tmp_path), "letters", train=True, download=True)) == 4
    counts = {split: len(names) for split, names in datasets.EMNIST.classes_split_dict.items()}
    assert counts == {"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 27, "digits": 10,
                      "mnist": 10}
    with pytest.raises(ValueError, match="Unknown value 'all' for argument split"):
        datasets.EMNIST(str(tmp_path), "all")
    with pytest.raises(RuntimeError, match="Dataset not found"):
        datasets.EMNIST(str(tmp_path), "digits")
    if has_pillow():
        assert data[0][0].mode == "L"
