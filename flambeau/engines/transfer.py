"""Programs and object code on their way between this process and the compiler's own.

Messages are pickled; both ends are this package in one version, and nobody else writes to the pipe.
Primitives travel by name, specs by shape and dtype.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import zlib
from typing import Any

from ..graph import SCALARS, Spec, spec
from ..ops.define import Primitive, Template

HEAD = 8  # bytes of a message's length


def frame(payload: bytes) -> bytes:
    """A message with its length before it."""
    return len(payload).to_bytes(HEAD, "little") + payload


def unframe(received: bytearray) -> bytes | None:
    """Take the first message off what was received; None where it has not all come yet."""
    end = HEAD + int.from_bytes(received[:HEAD], "little")
    if len(received) < max(end, HEAD):
        return None
    payload = bytes(received[HEAD:end])
    del received[:end]
    return payload


def packed(message: Any) -> bytes:
    """A message as compressed bytes: a pipe holds little.

    Raises:
        Exception: where something in it cannot be pickled.
    """
    file = io.BytesIO()
    _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(message)
    return zlib.compress(file.getvalue(), 1)


def unpacked(payload: bytes) -> Any:
    """The message of `packed`."""
    return pickle.loads(zlib.decompress(payload))


def _primitive(name: str) -> Primitive:
    return Primitive.table[name]


def _spec(shape: tuple[int, ...], dtype: Any) -> Spec:
    return spec(shape, dtype)


def _number(kind: type) -> Spec:
    return SCALARS[kind]


def _reduce_primitive(prim: Primitive) -> tuple[Any, ...]:
    if Primitive.table.get(prim.name) is not prim:
        raise pickle.PicklingError(f"primitive {prim.name} is not the one of that name")
    return _primitive, (prim.name,)


def _reduce_spec(value: Spec) -> tuple[Any, ...]:
    if value.weak:
        return _number, (next(kind for kind, known in SCALARS.items() if known is value),)
    return _spec, (value.shape, value.dtype)


def _reduce_template(value: Template) -> tuple[Any, ...]:
    return Template, (value.name, value.input_specs, value.instrs, value.outputs,
                      value.output_specs, value.is_tuple)


class _Pickler(pickle.Pickler):
    dispatch_table = copyreg.dispatch_table | {
        Primitive: _reduce_primitive, Spec: _reduce_spec, Template: _reduce_template}
