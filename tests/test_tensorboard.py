"""Event files: an independent reader of records and fields finds what was written."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy
import pytest

import flambeau
from flambeau import nn
from flambeau.utils.tensorboard import SummaryWriter
from flambeau.utils.tensorboard.images import png
from flambeau.utils.tensorboard.records import crc32c


def fields(message: bytes) -> dict[int, list[Any]]:
    """Parses one message: the values of each field, in order."""
    found: dict[int, list[Any]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(message):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            value: Any = varint()
        else:
            size = {1: 8, 5: 4}.get(kind) or varint()
            value = message[at:at + size]
            assert len(value) == size
            at += size
            if kind != 2:
                value = struct.unpack("<d" if kind == 1 else "<f", value)[0]
        found.setdefault(number, []).append(value)
    return found


def slow_crc32c(content: bytes) -> int:
    """The checksum by polynomial division, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def events(folder: Path) -> list[dict[int, list[Any]]]:
    """Reads the records of the one event file in a folder, checking every checksum."""
    (path,) = folder.glob("events.out.tfevents.*")
    content = path.read_bytes()
    found = []
    while content:
        length, check = struct.unpack("<QI", content[:12])
        body, (last,) = content[12:12 + length], struct.unpack(
            "<I", content[12 + length:16 + length])
        for part, expected in ((content[:8], check), (body, last)):
            crc = slow_crc32c(part)
            assert ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32 == expected
        found.append(fields(body))
        content = content[16 + length:]
    return found


def values(folder: Path) -> dict[str, dict[int, list[Any]]]:
    """Reads the summary values by tag; the last of each counts."""
    return {value[1][0].decode(): value for event in events(folder) for summary in event.get(5, [])
            for value in map(fields, fields(summary)[1])}


def test_the_checksum_of_the_standard() -> None:
    """RFC 3720 gives the checksum of 32 zero bytes."""
    assert crc32c(b"\0" * 32) == 0x8A9136AA


def test_numbers_and_their_steps(tmp_path: Path) -> None:
    """The first event names the format; each number stands with its step."""
    with SummaryWriter(tmp_path) as writer:
        for step in range(30):
            writer.add_scalar("a/loss", flambeau.tensor(0.5 * step), step, walltime=7.0)
        with pytest.raises(TypeError):
            writer.add_scalar("a/loss", flambeau.zeros(2))
    first, *rest = events(tmp_path)
    assert first[3] == [b"brain.Event:2"]
    assert [event.get(2, [0])[0] for event in rest] == list(range(30))
    assert [fields(fields(event[5][0])[1][0])[2][0] for event in rest] == [
        0.5 * step for step in range(30)]
    assert rest[0][1] == [7.0]


def test_several_numbers_go_to_folders_of_their_own(tmp_path: Path) -> None:
    """Each name of `add_scalars` is a run of its own."""
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars("score/all", {"train": 1.0, "test": 2.0}, 3)
    assert values(tmp_path / "score_all_test")["score/all"][2] == [2.0]
    assert values(tmp_path / "score_all_train")["score/all"][2] == [1.0]


def test_a_histogram_counts_all_values(tmp_path: Path) -> None:
    """Counts, extremes and sums are those of the values; limits enclose them."""
    x = flambeau.randn(500)
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("h", x, 1)
        with pytest.raises(ValueError, match="no element"):
            writer.add_histogram("h", flambeau.zeros(0))
    content = fields(values(tmp_path)["h"][5][0])
    array = x.numpy().astype(float)
    assert [content[k][0] for k in (1, 2, 3)] == [array.min(), array.max(), 500]
    numpy.testing.assert_allclose([content[4][0], content[5][0]], [array.sum(), (array**2).sum()])
    limits, counts = (numpy.frombuffer(content[k][0]) for k in (6, 7))
    assert counts.sum() == 500 and limits[0] <= array.min() and limits[-1] >= array.max()
    for low, high, count in zip(limits, limits[1:], counts[1:], strict=False):
        assert ((array >= low) & (array < high)).sum() == count


def read_png(content: bytes) -> Any:
    """Unpacks a PNG file whose rows have no filter; checks the checksums of its chunks."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(content):
        (size,) = struct.unpack(">I", content[at:at + 4])
        body = content[at + 4:at + 8 + size]
        assert struct.unpack(">I", content[at + 8 + size:at + 12 + size]) == (zlib.crc32(body),)
        chunks[body[:4]] = body[4:]
        at += 12 + size
    width, height, depth, color = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    channels = {0: 1, 4: 2, 2: 3, 6: 4}[color]
    rows = numpy.frombuffer(zlib.decompress(chunks[b"IDAT"]), numpy.uint8).reshape(height, -1)
    assert depth == 8 and not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, channels)


def test_pictures(tmp_path: Path) -> None:
    """Numbers from 0 to 1 become bytes; several pictures stand side by side."""
    pictures = flambeau.rand(10, 3, 4, 5)
    with SummaryWriter(tmp_path) as writer:
        writer.add_image("one", pictures[0], 0)
        writer.add_image("grey", pictures[0, 0], 0, dataformats="HW")
        writer.add_images("all", pictures, 0)
        with pytest.raises(ValueError, match="different"):
            writer.add_image("bad", pictures)
    found = {tag: fields(value[4][0]) for tag, value in values(tmp_path).items()}
    pixels = (pictures.numpy() * 255).astype(numpy.uint8).transpose(0, 2, 3, 1)
    assert (read_png(found["one"][4][0]) == pixels[0]).all()
    assert (read_png(found["grey"][4][0]) == pixels[0, :, :, :1]).all()
    whole = read_png(found["all"][4][0])
    assert [found["all"][k][0] for k in (1, 2, 3)] == [8, 40, 3] == list(whole.shape)
    assert (whole[4:, 5:10] == pixels[9]).all() and not whole[4:, 10:].any()


def test_pillow_reads_the_pictures() -> None:
    """A PNG of every number of channels opens in Pillow."""
    image = pytest.importorskip("PIL.Image")
    for channels in (1, 2, 3, 4):
        pixels = numpy.random.default_rng(0).integers(0, 256, (6, 7, channels), numpy.uint8)
        opened = numpy.asarray(image.open(io.BytesIO(png(pixels)))).reshape(pixels.shape)
        assert (opened == pixels).all()


def test_texts_settings_and_curves(tmp_path: Path) -> None:
    """Each is shown by its plugin."""
    with SummaryWriter(tmp_path) as writer:
        writer.add_text("note", "a *word*", 1)
        writer.add_pr_curve("pr", flambeau.tensor([0, 1, 1]), flambeau.tensor([0.1, 0.4, 0.9]))
        writer.add_hparams({"lr": 0.1, "name": "x", "none": None}, {"acc": 0.5}, run_name="run")
        with pytest.raises(TypeError, match="should be a dictionary"):
            writer.add_hparams([], {})
        with pytest.raises(ValueError, match="one of int, float, str"):
            writer.add_hparams({"a": []}, {})
    found = values(tmp_path)
    assert fields(found["note/text_summary"][8][0])[8] == [b"a *word*"]
    assert fields(fields(found["pr"][9][0])[1][0])[1] == [b"pr_curves"]
    rows = numpy.frombuffer(fields(found["pr"][8][0])[4][0], "<f4").reshape(6, 127)
    assert rows[0, 0] == 2 and rows[1, 0] == 1 and rows[0, 100] == 1 and rows[1, 100] == 0
    run = values(tmp_path / "run")
    assert run["acc"][2] == [0.5]
    start = fields(fields(fields(run["_hparams_/session_start_info"][9][0])[1][0])[2][0])
    entries = [fields(entry) for entry in fields(start[3][0])[1]]
    assert {entry[1][0]: fields(entry[2][0]) for entry in entries} == {
        b"lr": {2: [0.1]}, b"name": {3: [b"x"]}}


def test_the_graph_of_a_module(tmp_path: Path) -> None:
    """Parts in their order, with the edges between them; the model is left without hooks."""
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, flambeau.rand(4, 2))
    graph = next(fields(event[4][0]) for event in events(tmp_path) if 4 in event)
    nodes = [fields(node) for node in graph[1]]
    assert [(node[2][0], node.get(3)) for node in nodes[1:4]] == [
        (b"Linear", [b"input/0"]), (b"ReLU", [b"Sequential/0"]), (b"Linear", [b"Sequential/1"])]
    assert not any(module._forward_hooks for module in model.modules())


def test_points_for_the_projector(tmp_path: Path) -> None:
    """Points, labels and the list of them; a second set is added to the list."""
    with SummaryWriter(tmp_path) as writer:
        for step in (1, 2):
            writer.add_embedding(flambeau.eye(3), list("abc"), flambeau.rand(3, 1, 4, 4), step)
        with pytest.raises(ValueError, match="#labels"):
            writer.add_embedding(flambeau.eye(3), ["a"])
    folder = tmp_path / "00001" / "default"
    assert (numpy.loadtxt(folder / "tensors.tsv") == numpy.eye(3)).all()
    assert (folder / "metadata.tsv").read_text() == "a\nb\nc\n"
    assert read_png((folder / "sprite.png").read_bytes()).shape == (8, 8, 3)
    assert (tmp_path / "projector_config.pbtxt").read_text().count("embeddings {") == 2


def test_a_closed_writer_opens_a_new_file(tmp_path: Path) -> None:
    """After `close` the next number goes to a second file."""
    writer = SummaryWriter(tmp_path, filename_suffix=".end")
    writer.close()
    writer.add_scalar("x", 1)
    writer.flush()
    writer.close()
    writer.close()
    assert len(list(tmp_path.glob("*.end"))) == 2


def test_figures(tmp_path: Path) -> None:
    """A matplotlib figure becomes a picture of its size and is closed."""
    pytest.importorskip("matplotlib")
    code = f"""
import matplotlib.pyplot as plt
from flambeau.utils.tensorboard import SummaryWriter
figure = plt.figure(figsize=(2, 1), dpi=50)
with SummaryWriter({str(tmp_path)!r}) as writer:
    writer.add_figure("f", figure, 1)
assert not plt.get_fignums()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
    content = fields(values(tmp_path)["f"][4][0])
    assert [content[k][0] for k in (1, 2)] == [50, 100]
