"""Files of TensorBoard's projector: points, labels, pictures, and the list of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from . import images


def write_embedding(log: Path, place: Path, name: str, points: Any, labels: list[Any] | None,
                    header: list[str] | None, pictures: Any) -> None:
    """Write the files of one set of points below `log / place`, and enter it into the list.

    Raises:
        ValueError: labels or pictures do not fit the points, or the place is taken.
    """
    _check(points, labels, pictures)
    folder = log / place
    folder.mkdir(parents=True, exist_ok=True)
    entry = [f'tensor_name: "{name}"', f'tensor_path: "{(place / "tensors.tsv").as_posix()}"']
    np.savetxt(folder / "tensors.tsv", points, delimiter="\t", fmt="%.9g")
    if labels is not None:
        rows = [[*map(str, x)] if isinstance(x, (list, tuple)) else [str(x)] for x in labels]
        lines = ["\t".join(row) for row in ([header] if header else []) + rows]
        (folder / "metadata.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        entry.append(f'metadata_path: "{(place / "metadata.tsv").as_posix()}"')
    if pictures is not None:
        side = math.ceil(math.sqrt(len(pictures)))
        blank = np.zeros((side * side - len(pictures), *pictures.shape[1:]), pictures.dtype)
        sprite = images.grid(np.concatenate([pictures, blank]), side)
        (folder / "sprite.png").write_bytes(images.png(images.to_bytes(sprite)))
        entry += ["sprite {", f'image_path: "{(place / "sprite.png").as_posix()}"',
                  f"single_image_dim: {pictures.shape[3]}",
                  f"single_image_dim: {pictures.shape[2]}", "}"]
    with open(log / "projector_config.pbtxt", "a", encoding="utf-8") as file:
        file.write("embeddings {\n" + "\n".join(entry) + "\n}\n")


def _check(points: Any, labels: list[Any] | None, pictures: Any) -> None:
    if points.ndim != 2:
        raise ValueError("mat should be 2D, where mat.size(0) is the number of data points")
    if labels is not None and len(labels) != len(points):
        raise ValueError("#labels should equal with #data points")
    if pictures is not None and len(pictures) != len(points):
        raise ValueError("#images should equal with #data points")
    if pictures is not None and pictures.shape[2] != pictures.shape[3]:
        raise ValueError("Image should be square")
