"""A model's graph as a picture: what it records, module by module, in SVG."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from ..checkpoint.atomic import atomic_file
from ..dtype import dtype as DType
from ..graph import Node
from ..nn.modules.module import Module
from .calls import Recorder, Size, made_up, tensors

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 190, 40, 24, 34, 20
_STYLE = ("text{font:12px sans-serif;fill:#222}.small{font-size:10px;fill:#667}"
          "rect{fill:#eef3fb;stroke:#6b86b3;rx:6}.leaf{fill:#f6f6f2;stroke:#b8b8a8}"
          "path{fill:none;stroke:#8a8f98;marker-end:url(#a)}")


class _Box:
    """One recorded operation, or an input."""

    def __init__(self, title: str, detail: str, leaf: bool = False) -> None:
        self.title, self.detail, self.leaf = title, detail, leaf
        self.sources: list[_Box] = []
        self.row = 0
        self.x = self.y = 0.0


def _boxes(recorder: Recorder, inputs: Sequence[Any], output: Any) -> list[_Box]:
    """Boxes of all nodes that the output depends on; parameters are left out."""
    owner = {id(node): call for call in recorder.calls for node in call.nodes}
    made: dict[int, _Box] = {}
    order: list[_Box] = []
    for number, x in enumerate(inputs):
        node = x._value()
        made[id(node)] = _Box(f"input {number}" if len(inputs) > 1 else "input", _shape(node), True)
        order.append(made[id(node)])
    nodes = recorder.calls[0].nodes if recorder.calls else []
    wanted = _needed(nodes, [t._value() for t in tensors(output)])
    for node in nodes:
        if id(node) not in wanted:
            continue
        sources = [made[id(x)] for x in node.inputs if isinstance(x, Node) and id(x) in made]
        if node.template is None:  # one of several results
            if sources:
                made[id(node)] = sources[0]
            continue
        call = owner.get(id(node))
        where = f"{call.path} · " if call is not None and call.path else ""
        box = made[id(node)] = _Box(where + node.template.name, _shape(node))
        box.sources = list(dict.fromkeys(sources))
        box.row = 1 + max((s.row for s in sources), default=-1)
        order.append(box)
    return order


def _needed(nodes: Sequence[Node], ends: Sequence[Node]) -> set[int]:
    wanted = {id(n) for n in ends}
    for node in reversed(nodes):
        if id(node) in wanted:
            wanted.update(id(x) for x in node.inputs if isinstance(x, Node))
    return wanted


def _shape(node: Node) -> str:
    spec: Any = node.spec
    if spec is None:  # several results
        return ""
    return f"{'×'.join(map(str, spec.shape)) or 'scalar'} {spec.dtype.name}"


def _place(boxes: Sequence[_Box]) -> tuple[float, float]:
    """Rows by the longest way from an input; within a row near what a box reads."""
    rows: dict[int, list[_Box]] = {}
    for box in boxes:
        rows.setdefault(box.row, []).append(box)
    widest = max((len(row) for row in rows.values()), default=1)
    step = _WIDTH + _GAP_X
    for number, row in sorted(rows.items()):
        row.sort(key=lambda b: sum(s.x for s in b.sources) / max(len(b.sources), 1))
        start = _MARGIN + (widest - len(row)) * step / 2
        for k, box in enumerate(row):
            box.x, box.y = start + k * step, _MARGIN + number * (_HEIGHT + _GAP_Y)
    return (2 * _MARGIN + widest * step - _GAP_X,
            2 * _MARGIN + (max(rows, default=0) + 1) * (_HEIGHT + _GAP_Y) - _GAP_Y)


def _svg(boxes: Sequence[_Box]) -> str:
    width, height = _place(boxes)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
           f'viewBox="0 0 {width:.0f} {height:.0f}">', f"<style>{_STYLE}</style>",
           '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
           'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" style="fill:#8a8f98"/>'
           "</marker></defs>"]
    for box in boxes:
        for source in box.sources:
            x, y = source.x + _WIDTH / 2, source.y + _HEIGHT
            to_x, to_y = box.x + _WIDTH / 2, box.y
            bend = max((to_y - y) / 2, _GAP_Y / 2)
            out.append(f'<path d="M{x:.0f} {y:.0f}C{x:.0f} {y + bend:.0f} {to_x:.0f} '
                       f'{to_y - bend:.0f} {to_x:.0f} {to_y:.0f}"/>')
    for box in boxes:
        kind = ' class="leaf"' if box.leaf else ""
        middle = box.x + _WIDTH / 2
        out.append(f'<rect{kind} x="{box.x:.0f}" y="{box.y:.0f}" width="{_WIDTH}" '
                   f'height="{_HEIGHT}"/><text x="{middle:.0f}" y="{box.y + 17:.0f}" '
                   f'text-anchor="middle">{escape(_short(box.title))}</text>'
                   f'<text class="small" x="{middle:.0f}" y="{box.y + 31:.0f}" '
                   f'text-anchor="middle">{escape(_short(box.detail))}</text>')
    return "\n".join([*out, "</svg>", ""])


def _short(text: str, most: int = 30) -> str:
    return text if len(text) <= most else "…" + text[1 - most:]


def draw(model: Module, input_size: Size, path: str | os.PathLike[str] | None = None,
         dtypes: Sequence[DType] | None = None) -> str:
    """A model's graph as SVG: one box for each operation that its call records.

    Args:
        model: the model; it runs once on zeros, in evaluation mode.
        input_size: the input's shape with the batch, or a list of shapes.
        path: a file to write. Default: none.
        dtypes: of the inputs. Default: float32.

    Returns:
        The text of the picture.

    Raises:
        ValueError: if there are not as many dtypes as sizes.

    Example:
        >>> import flambeau as torch
        >>> net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU())
        >>> torch.draw(net, (1, 4)).count("<rect")
        3
    """
    recorder = Recorder(model)
    inputs = made_up(input_size, dtypes)
    output = recorder.run(inputs)
    text = _svg(_boxes(recorder, inputs, output))
    if path is not None:
        with atomic_file(path) as file:
            file.write(text.encode())
    return text
