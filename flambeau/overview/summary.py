"""A model as a table: layers, shapes, parameters, operations, memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..dtype import dtype as DType
from ..nn.modules.module import Module
from .calls import Call, Recorder, Size, made_up


@dataclass
class Row:
    """One line of the table.

    Attributes:
        name: the layer's name, indented by depth; kind: its class.
        shape: of its result.
        parameters: numbers that belong to the layer itself.
        operations: additions, multiplications and the like, children included.
        nbytes: bytes of its result.
    """

    name: str
    kind: str
    shape: str
    parameters: int
    operations: int
    nbytes: int


class Summary:
    """What `summary` found; prints as a table.

    Attributes:
        rows: the lines.
        parameters, trainable: numbers in the model, and those that are trained.
        operations: of one forward pass.
        parameter_bytes, result_bytes: of the parameters and buffers, and of all layers' results.
    """

    def __init__(self, model: Module, calls: Sequence[Call]) -> None:
        self.rows = [_row(call, model) for call in calls]
        own = list(model.parameters())
        self.parameters = sum(p.numel() for p in own)
        self.trainable = sum(p.numel() for p in own if p.requires_grad)
        self.operations = calls[0].operations() if calls else 0
        kept = [*own, *model.buffers()]
        self.parameter_bytes = sum(p.numel() * p.element_size() for p in kept)
        self.result_bytes = sum(c.nbytes for c in calls if not c.inside)

    def __str__(self) -> str:
        head = ("layer", "kind", "output shape", "parameters", "operations", "memory")
        table = [head, *[(r.name, r.kind, r.shape, f"{r.parameters:,}" if r.parameters else "-",
                          quantity(r.operations), size(r.nbytes)) for r in self.rows]]
        widths = [max(len(line[k]) for line in table) for k in range(len(head))]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        lines = [_aligned(table[0], widths), rule]
        lines += [_aligned(line, widths) for line in table[1:]]
        frozen = self.parameters - self.trainable
        lines += [rule,
                  f"parameters   {self.parameters:,} ({self.trainable:,} trained, "
                  f"{frozen:,} fixed), {size(self.parameter_bytes)}",
                  f"forward      {quantity(self.operations)} operations, results "
                  f"{size(self.result_bytes)}"]
        return "\n".join(lines)

    __repr__ = __str__


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = [text.ljust(w) if k < 3 else text.rjust(w)
             for k, (text, w) in enumerate(zip(line, widths, strict=True))]
    return "  ".join(cells).rstrip()


def _row(call: Call, model: Module) -> Row:
    name = call.path.rpartition(".")[2] or type(model).__name__
    shape = ", ".join("×".join(map(str, s)) or "scalar" for s in call.shapes) or "-"
    own = sum(p.numel() for p in call.module.parameters(recurse=False))
    return Row("  " * call.depth + name, type(call.module).__name__, shape, own,
               call.operations(), call.nbytes)


def quantity(number: int) -> str:
    """A number with a unit of thousands.

    Example:
        >>> quantity(1_234_000)
        '1.23 M'
    """
    for unit, worth in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= worth:
            return f"{number / worth:.3g} {unit}"
    return str(number)


def size(nbytes: int) -> str:
    """Bytes with a unit.

    Example:
        >>> size(2048)
        '2 KiB'
    """
    for unit, worth in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if nbytes >= worth:
            return f"{nbytes / worth:.3g} {unit}"
    return f"{nbytes} B"


def summary(model: Module, input_size: Size, dtypes: Sequence[DType] | None = None) -> Summary:
    """A table of a model's layers: result shapes, parameters, operations, memory.

    The model runs once on zeros, in evaluation mode and without gradients; its own modes stay.

    Args:
        model: the model.
        input_size: the input's shape with the batch, or a list of shapes for several inputs.
        dtypes: of the inputs. Default: float32.

    Returns:
        An object that prints as the table and has the figures as attributes.

    Raises:
        ValueError: if there are not as many dtypes as sizes.

    Example:
        >>> import flambeau as torch
        >>> print(torch.summary(torch.nn.Linear(4, 2), (3, 4)))
        layer   kind    output shape  parameters  operations  memory
        ------------------------------------------------------------
        Linear  Linear  3×2                   10          54    24 B
        ------------------------------------------------------------
        parameters   10 (10 trained, 0 fixed), 40 B
        forward      54 operations, results 24 B
    """
    recorder = Recorder(model)
    recorder.run(made_up(input_size, dtypes))
    return Summary(model, recorder.calls)
