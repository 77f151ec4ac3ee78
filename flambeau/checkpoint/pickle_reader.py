"""A closed interpreter of pickle's opcodes.

It moves values between a stack, a memo and containers, and hands the five opcodes that could do
more (names, calls, new objects, states, persistent ids) to a `Builder`, which knows a fixed list.
The loop is flat: no recursion, and the stack, the marks and the memo grow by at most one entry per
byte read.
"""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, Protocol

from .errors import CheckpointError, TruncatedCheckpointError

_PLAIN_DICTS = (dict, OrderedDict, Counter, defaultdict)
_PLAIN_KEYS = (str, int, float, bool, bytes, complex, type(None))
# Text hashes by a secret of the process, small ints by their value: no file can make these collide.
_SCATTERED_KEYS = (str, bytes, bool, type(None), float)
_SMALL = 2**60
_KEY_PARTS = 1000
# pickle names each opcode by a constant of one byte.
_OPCODE_NAMES: dict[int, str] = {
    value[0]: name
    for name, value in vars(pickle).items()
    if name.isupper() and type(value) is bytes and len(value) == 1
}


class Builder(Protocol):
    """What the interpreter asks about names and objects."""

    def find_global(self, module: str, name: str) -> Any:
        """Give the value that a name stands for, or raise CheckpointError."""

    def reduce(self, function: Any, arguments: Any) -> Any:
        """Apply one of the listed constructors."""

    def new_object(self, cls: Any, arguments: Any) -> Any:
        """Build an empty instance of an allowed class."""

    def build(self, instance: Any, state: Any) -> None:
        """Give an instance its state."""

    def persistent(self, identifier: Any) -> Any:
        """Give the object that a persistent id stands for."""

    def is_instance(self, obj: Any) -> bool:
        """Whether this reading created the object by `new_object`."""

    def hashable(self, obj: Any) -> bool:
        """Whether an object outside the plain types may be a key."""

    def count_key(self, key: Any) -> None:
        """Note a key whose hash a file can choose, or raise CheckpointError."""


def check_key(key: Any, builder: Builder) -> None:
    """Check that hashing a key is bounded: tuples are few and shallow, other types known.

    Args:
        key: a value about to become a dict key or set member.
        builder: decides about types other than numbers, text and tuples.

    Raises:
        CheckpointError: the key is unhashable, too large, or of a type with its own hash.
    """
    if type(key) in _SCATTERED_KEYS or (type(key) is int and -_SMALL < key < _SMALL):
        return
    waiting, seen = [(key, 0)], 0
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if seen > _KEY_PARTS or depth > 32:
            raise CheckpointError("the checkpoint holds a key that is nested too deeply")
        if type(part) in _PLAIN_KEYS:
            continue
        if isinstance(part, tuple | frozenset) and type(part).__hash__ in _SEQUENCE_HASHES:
            if len(part) > _KEY_PARTS:
                raise CheckpointError("the checkpoint holds a key that is too long")
            waiting.extend((item, depth + 1) for item in part)
        elif type(part).__hash__ not in _VALUE_HASHES and not builder.hashable(part):
            raise CheckpointError(f"the checkpoint uses a {type(part).__name__} as a key")
    if type(key).__hash__ is not _IDENTITY_HASH:
        builder.count_key(key)


_IDENTITY_HASH: Any = object.__hash__
_SEQUENCE_HASHES: tuple[Any, ...] = (tuple.__hash__, frozenset.__hash__)
_VALUE_HASHES: tuple[Any, ...] = tuple(
    kind.__hash__ for kind in (object, str, int, float, bytes)
)


class PickleReader:
    """Reads one pickle from bytes.

    Args:
        data: the bytes.
        builder: resolves names and builds objects.
        position: where the pickle starts.
        encoding: of Python 2's byte strings; ``"bytes"`` leaves them as bytes.
        errors: of that decoding.

    Example:
        >>> import pickle
        >>> PickleReader(pickle.dumps([1, "a"], 2), builder=None).load()
        [1, 'a']
    """

    def __init__(
        self,
        data: bytes,
        builder: Builder,
        position: int = 0,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> None:
        self.data = data
        self.builder = builder
        self.position = position
        self.encoding = encoding
        self.errors = errors
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def load(self) -> Any:
        """Read up to STOP and leave ``position`` behind it.

        Returns:
            The value.

        Raises:
            CheckpointError: the bytes are no pickle of listed things.
        """
        try:
            return self._run()
        except CheckpointError:
            raise
        except Exception as error:
            # One exception type for every malformed file, whatever tripped over it.
            raise CheckpointError(
                f"the checkpoint is corrupt near byte {self.position}: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _run(self) -> Any:
        data, handlers, size = self.data, _HANDLERS, len(self.data)
        while self.position < size:
            opcode = data[self.position]
            self.position += 1
            if opcode == 0x2E:  # STOP
                return self._pop()
            handler = handlers[opcode]
            if handler is None:
                name = _OPCODE_NAMES.get(opcode, "?")
                raise CheckpointError(f"Weights only load failed. Unsupported operand {opcode} "
                                      f"({name})")  # fmt: skip
            handler(self)
        raise TruncatedCheckpointError("Ran out of input")

    # Reading and the stack

    def _take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise TruncatedCheckpointError("Ran out of input: a value reaches past the end")
        start, self.position = self.position, end
        return self.data[start:end]

    def _number(self, layout: struct.Struct) -> Any:
        return layout.unpack(self._take(layout.size))[0]

    def _line(self) -> str:
        end = self.data.find(b"\n", self.position, self.position + 4096)
        if end < 0:
            raise CheckpointError("the checkpoint holds a name without an end")
        return self._take(end + 1 - self.position)[:-1].decode("utf-8")

    def _floor(self) -> int:
        return self.marks[-1] if self.marks else 0

    def _pop(self) -> Any:
        if len(self.stack) <= self._floor():
            raise CheckpointError("the checkpoint takes a value from an empty stack")
        return self.stack.pop()

    def _top(self) -> Any:
        if len(self.stack) <= self._floor():
            raise CheckpointError("the checkpoint uses a value of an empty stack")
        return self.stack[-1]

    def _pop_mark(self) -> list[Any]:
        if not self.marks:
            raise CheckpointError("the checkpoint closes a group that it did not open")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def _mark(self) -> None:
        self.marks.append(len(self.stack))

    def _discard(self) -> None:
        if self.marks and len(self.stack) == self.marks[-1]:
            self.marks.pop()
        else:
            self._pop()

    # Containers

    def _tuple_of(self, count: int) -> None:
        if len(self.stack) - self._floor() < count:
            raise CheckpointError("the checkpoint takes a value from an empty stack")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def _extend(self, target: Any, items: list[Any]) -> None:
        if type(target) is not list and not (
            isinstance(target, list) and self.builder.is_instance(target)
        ):
            raise CheckpointError(f"Can only append to lists, but got {type(target)}")
        list.extend(target, items)

    def _append(self) -> None:
        item = self._pop()
        self._extend(self._top(), [item])

    def _appends(self) -> None:
        items = self._pop_mark()
        self._extend(self._top(), items)

    def _set_items(self, target: Any, items: list[Any]) -> None:
        if len(items) % 2:
            raise CheckpointError("the checkpoint holds a key without a value")
        if type(target) in _PLAIN_DICTS:
            put = type(target).__setitem__
        elif isinstance(target, dict) and self.builder.is_instance(target):
            put = OrderedDict.__setitem__ if isinstance(target, OrderedDict) else dict.__setitem__
        else:
            raise CheckpointError(
                "Can only SETITEMS for dict, collections.OrderedDict, collections.Counter, "
                f"but got {type(target)}"
            )
        for index in range(0, len(items), 2):
            check_key(items[index], self.builder)
            put(target, items[index], items[index + 1])

    def _set_item(self) -> None:
        value, key = self._pop(), self._pop()
        self._set_items(self._top(), [key, value])

    def _set_many(self) -> None:
        items = self._pop_mark()
        self._set_items(self._top(), items)

    def _dict(self) -> None:
        items = self._pop_mark()
        self.stack.append({})
        self._set_items(self.stack[-1], items)

    def _set_of(self, items: list[Any]) -> set[Any]:
        for item in items:
            check_key(item, self.builder)
        return set(items)

    def _add_items(self) -> None:
        items = self._set_of(self._pop_mark())
        target = self._top()
        if type(target) is not set:
            raise CheckpointError(f"Can only add items to sets, but got {type(target)}")
        target.update(items)

    # Values

    def _text(self, layout: struct.Struct) -> None:
        raw = self._take(self._number(layout))
        self.stack.append(str(raw, "utf-8", "surrogatepass"))

    def _bytes(self, layout: struct.Struct) -> None:
        self.stack.append(self._take(self._number(layout)))

    def _old_string(self, layout: struct.Struct) -> None:
        size = self._number(layout)
        if size < 0:
            raise CheckpointError("the checkpoint holds a string of negative length")
        raw = self._take(size)
        plain = self.encoding == "bytes"
        self.stack.append(raw if plain else raw.decode(self.encoding, self.errors))

    def _long(self, layout: struct.Struct) -> None:
        size = self._number(layout)
        if size < 0:
            raise CheckpointError("the checkpoint holds a number of negative length")
        self.stack.append(int.from_bytes(self._take(size), "little", signed=True))

    def _get(self, layout: struct.Struct) -> None:
        index = self._number(layout)
        if index not in self.memo:
            raise CheckpointError(f"the checkpoint refers to entry {index}, which it did not make")
        self.stack.append(self.memo[index])

    def _put(self, layout: struct.Struct) -> None:
        self.memo[self._number(layout)] = self._top()

    def _memoize(self) -> None:
        self.memo[len(self.memo)] = self._top()

    def _protocol(self) -> None:
        version = self._take(1)[0]
        if version > 5:
            raise CheckpointError(f"unsupported pickle protocol: {version}")

    # What the builder decides

    def _global(self) -> None:
        module = self._line()
        self.stack.append(self.builder.find_global(module, self._line()))

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise CheckpointError("the checkpoint holds a name that is not text")
        self.stack.append(self.builder.find_global(module, name))

    def _reduce(self) -> None:
        arguments, function = self._pop(), self._pop()
        self.stack.append(self.builder.reduce(function, arguments))

    def _new_object(self) -> None:
        arguments, cls = self._pop(), self._pop()
        self.stack.append(self.builder.new_object(cls, arguments))

    def _build(self) -> None:
        state = self._pop()
        self.builder.build(self._top(), state)

    def _persistent(self) -> None:
        self.stack.append(self.builder.persistent(self._pop()))


_U1, _U2, _U4, _U8 = (struct.Struct(layout) for layout in ("<B", "<H", "<I", "<Q"))
_I4, _F8 = struct.Struct("<i"), struct.Struct(">d")
_Handler = Callable[[PickleReader], None]


def _push(make: Callable[[], Any]) -> _Handler:
    return lambda reader: reader.stack.append(make())


def _push_number(layout: struct.Struct) -> _Handler:
    return lambda reader: reader.stack.append(reader._number(layout))


def _with(method: Callable[[PickleReader, Any], None], argument: Any) -> _Handler:
    return lambda reader: method(reader, argument)


_R = PickleReader
_TABLE: dict[str, _Handler] = {
    "PROTO": _R._protocol,
    "FRAME": lambda reader: reader._number(_U8),
    "MARK": _R._mark,
    "POP": _R._discard,
    "POP_MARK": lambda reader: reader._pop_mark().clear(),
    "DUP": lambda reader: reader.stack.append(reader._top()),
    "NONE": _push(lambda: None),
    "NEWTRUE": _push(lambda: True),
    "NEWFALSE": _push(lambda: False),
    "EMPTY_TUPLE": _push(tuple),
    "EMPTY_LIST": _push(list),
    "EMPTY_DICT": _push(dict),
    "EMPTY_SET": _push(set),
    "BININT": _push_number(_I4),
    "BININT1": _push_number(_U1),
    "BININT2": _push_number(_U2),
    "BINFLOAT": _push_number(_F8),
    "LONG1": _with(_R._long, _U1),
    "LONG4": _with(_R._long, _I4),
    "BINUNICODE": _with(_R._text, _U4),
    "SHORT_BINUNICODE": _with(_R._text, _U1),
    "BINUNICODE8": _with(_R._text, _U8),
    "BINBYTES": _with(_R._bytes, _U4),
    "SHORT_BINBYTES": _with(_R._bytes, _U1),
    "BINBYTES8": _with(_R._bytes, _U8),
    "BYTEARRAY8": lambda reader: reader.stack.append(bytearray(reader._take(reader._number(_U8)))),
    "BINSTRING": _with(_R._old_string, _I4),
    "SHORT_BINSTRING": _with(_R._old_string, _U1),
    "TUPLE": lambda reader: reader.stack.append(tuple(reader._pop_mark())),
    "TUPLE1": _with(_R._tuple_of, 1),
    "TUPLE2": _with(_R._tuple_of, 2),
    "TUPLE3": _with(_R._tuple_of, 3),
    "LIST": lambda reader: reader.stack.append(reader._pop_mark()),
    "DICT": _R._dict,
    "APPEND": _R._append,
    "APPENDS": _R._appends,
    "SETITEM": _R._set_item,
    "SETITEMS": _R._set_many,
    "ADDITEMS": _R._add_items,
    "FROZENSET": lambda reader: reader.stack.append(
        frozenset(reader._set_of(reader._pop_mark()))
    ),
    "BINGET": _with(_R._get, _U1),
    "LONG_BINGET": _with(_R._get, _U4),
    "BINPUT": _with(_R._put, _U1),
    "LONG_BINPUT": _with(_R._put, _U4),
    "MEMOIZE": _R._memoize,
    "GLOBAL": _R._global,
    "STACK_GLOBAL": _R._stack_global,
    "REDUCE": _R._reduce,
    "NEWOBJ": _R._new_object,
    "BUILD": _R._build,
    "BINPERSID": _R._persistent,
}  # fmt: skip
_HANDLERS: list[_Handler | None] = [_TABLE.get(_OPCODE_NAMES.get(code, "")) for code in range(256)]
