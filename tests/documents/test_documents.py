"""Every block of the two documents runs on flambeau and prints what stands beneath it."""

from __future__ import annotations

import gzip
import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from extract import FOLDER, REPOSITORY, Block, all_blocks
from programs import layout, print_of, same_numbers, shown, structure

BLOCKS = all_blocks()
MNIST = Path(os.environ.get("FLAMBEAU_MNIST", REPOSITORY.parent / "shared" / "data" / "mnist"))
MNIST_FILES = ("train-images.idx3-ubyte", "train-labels.idx1-ubyte",
               "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte")

every_block = pytest.mark.parametrize("block", BLOCKS, ids=[block.name for block in BLOCKS])
needs_documents = pytest.mark.skipif(not BLOCKS, reason=f"no documents in {FOLDER}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder the programs run in, with the digits under the names the document uses."""
    place = tmp_path_factory.mktemp("documents")
    (place / "datasets").mkdir()
    for name in MNIST_FILES:
        packed = MNIST / f"{name.replace('.', '-')}.gz"
        if packed.is_file():
            with gzip.open(packed) as source, open(place / "datasets" / name, "wb") as target:
                shutil.copyfileobj(source, target)
    return place


@pytest.fixture(scope="module")
def printed(folder: Path) -> dict[str, str]:
    """What the blocks printed on flambeau so far."""
    return {}


def on_flambeau(block: Block, folder: Path, printed: dict[str, str]) -> str:
    """Returns what a block prints on flambeau; each runs once."""
    if "datasets/" in block.code and not (folder / "datasets" / MNIST_FILES[0]).is_file():
        pytest.skip(f"no MNIST files in {MNIST}")
    if block.name not in printed:
        printed[block.name] = print_of(block, "flambeau", folder)
    return printed[block.name]


@needs_documents
def test_the_blocks_are_all_found() -> None:
    """The documents hold 22 and 18 programs; 11 and 10 of them show their output."""
    assert len(BLOCKS) == 40
    assert sum(block.output is not None for block in BLOCKS) == 21


@needs_documents
@every_block
def test_prints_what_the_document_shows(
    block: Block, folder: Path, printed: dict[str, str]
) -> None:
    """Digit for digit where the program sets a seed; all but the numbers elsewhere."""
    output = on_flambeau(block, folder, printed)
    if block.output is None:
        return
    view = layout if "manual_seed" in block.code else structure
    assert view(output) == view(shown(block))


@pytest.mark.torch
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
@needs_documents
@every_block
def test_prints_what_pytorch_prints(block: Block, folder: Path, printed: dict[str, str]) -> None:
    """With one seed, the same text and the same numbers as PyTorch."""
    if "torchvision" in block.code and importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    ours = on_flambeau(block, folder, printed)
    theirs = print_of(block, "torch", folder)
    assert structure(ours) == structure(theirs)
    assert same_numbers(ours, theirs), f"flambeau:\n{ours}\nPyTorch:\n{theirs}"
