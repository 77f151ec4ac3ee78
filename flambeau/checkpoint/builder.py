"""The closed list of names and constructors that a checkpoint may use."""

from __future__ import annotations

import enum
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MemberDescriptorType
from typing import Any

import numpy as np

from . import numpy_objects
from .codec import DTYPE_ALIASES, DTYPE_NAMES, DTYPE_OF_STORAGE, TensorCodec
from .errors import CheckpointError, refused_global
from .names import find_program_name
from .pickle_reader import check_key
from .storage import LoadedStorage, StorageType, check_view, row_major

# What a file may name and hold as a value without being able to build instances of it.
_INERT_TYPES: dict[str, type] = {
    f"builtins.{kind.__name__}": kind for kind in (bool, int, float, str, list, dict, tuple, object)
} | {"numpy.ndarray": np.ndarray}
_FACTORIES = (list, dict, set, int, float, str, tuple, bool, OrderedDict, Counter, type(None))
_MAX_COLLISIONS = 30
_NUMPY_HOMES = ("numpy.core.multiarray", "numpy._core.multiarray")
_VALUE_BASES: tuple[type, ...] = (tuple, str, int, float, bytes, frozenset)
_EMPTY_BASES: tuple[type, ...] = (OrderedDict, Counter, dict, list, set)


@dataclass(frozen=True, slots=True)
class Constructor:
    """A function's name in a file; it stands for the builder's method, never for the function."""

    name: str


class CheckpointBuilder:
    """Resolves names, builds listed objects and tensors.

    Args:
        codec: builds tensors.
        persistent: gives the storage of a persistent id.
        weights_only: refuse classes of the program unless `safe_globals` allows them.
        budget: how many bytes constructors may copy in all; honest files never copy more than
            they hold, a file that copies one long value many times does.
    """

    def __init__(
        self,
        codec: TensorCodec,
        persistent: Callable[[Any], Any],
        weights_only: bool,
        budget: int,
    ) -> None:
        self.codec = codec
        self.persistent = persistent
        self.weights_only = weights_only
        self.budget = budget
        self.classes: set[type] = set()
        self.instances: dict[int, Any] = {}
        self.unfilled: dict[int, Any] = {}
        self.keys: dict[int, list[Any]] = {}
        self.names = self._fixed_names()
        self.constructors: dict[Any, Callable[[tuple[Any, ...]], Any]] = {
            set: self._make_set,
            frozenset: lambda arguments: frozenset(self._make_set(arguments)),
            bytes: self._make_bytes,
            bytearray: self._make_bytearray,
            complex: lambda arguments: complex(*self._numbers(arguments, (int, float))),
            slice: lambda arguments: slice(*self._numbers(arguments, (int, type(None)))),
            range: lambda arguments: range(*self._numbers(arguments, (int,))),
            OrderedDict: self._make_ordered,
            Counter: self._make_counter,
            defaultdict: self._make_default,
            np.dtype: lambda arguments: self._remember(numpy_objects.make_dtype(arguments)),
            codec.size_class: self._make_size,
            codec.device_class: self._make_device,
            codec.parameter_class: self._make_parameter,
            **{Constructor(name): make for name, make in self._functions().items()},
        }

    # Names

    def _functions(self) -> dict[str, Callable[[tuple[Any, ...]], Any]]:
        table: dict[str, Callable[[tuple[Any, ...]], Any]] = {
            "torch._utils._rebuild_tensor": self._tensor,
            "torch._utils._rebuild_tensor_v2": self._tensor_v2,
            "torch._utils._rebuild_tensor_v3": self._tensor_v3,
            "torch._utils._rebuild_parameter": self._parameter,
            "torch._utils._rebuild_parameter_with_state": self._parameter_with_state,
            "torch._tensor._rebuild_from_type_v2": self._from_type,
            "_codecs.encode": self._encode,
            "builtins.getattr": self._nested_class,
        }
        for home in _NUMPY_HOMES:
            table[f"{home}.scalar"] = numpy_objects.make_scalar
            table[f"{home}._reconstruct"] = lambda arguments: self._remember(
                numpy_objects.make_array(arguments)
            )
        return table

    def _fixed_names(self) -> dict[str, Any]:
        codec = self.codec
        names: dict[str, Any] = dict(_INERT_TYPES)
        kinds: tuple[type, ...] = (set, frozenset, bytes, bytearray, complex, slice, range)
        for kind in (*kinds, OrderedDict, Counter, defaultdict):
            names[f"{kind.__module__}.{kind.__name__}"] = kind
        for function in self._functions():
            names[function] = Constructor(function)
        names["numpy.dtype"] = np.dtype
        names["torch.Size"] = codec.size_class
        names["torch.device"] = codec.device_class
        names["torch.Tensor"] = names["torch._tensor.Tensor"] = codec.tensor_class
        names["torch.nn.parameter.Parameter"] = codec.parameter_class
        names["torch.nn.Parameter"] = codec.parameter_class
        for storage, dtype in DTYPE_OF_STORAGE.items():
            for home in ("torch", "torch.cuda", "torch.storage"):
                names[f"{home}.{storage}"] = StorageType(dtype)
        names["torch.UntypedStorage"] = names["torch.storage.UntypedStorage"] = StorageType(None)
        return names

    def find_global(self, module: str, name: str) -> Any:
        """Give what a name stands for."""
        if (module, name) in NAME_MAPPING:
            module, name = NAME_MAPPING[module, name]
        module = IMPORT_MAPPING.get(module, module)
        found = self.names.get(f"{module}.{name}")
        if found is not None:
            return found
        dtype = DTYPE_ALIASES.get(name, name)
        if module == "torch" and dtype in DTYPE_NAMES:
            return self.codec.dtype_by_name(dtype)
        if module.partition(".")[0] == "builtins":
            raise refused_global(f"{module}.{name}")
        found = find_program_name(module, name, self.weights_only)
        if isinstance(found, type):
            self.classes.add(found)
        return found

    # The four opcodes that build

    def reduce(self, function: Any, arguments: Any) -> Any:
        """Apply a constructor of the list; classes of the program are not called."""
        if type(arguments) is not tuple:
            raise CheckpointError("the checkpoint calls something without a tuple of arguments")
        if isinstance(function, type | Constructor):
            make = self.constructors.get(function)
            if make is not None:
                return make(arguments)
            if function in self.classes and isinstance(function, type):
                return self._reduce_class(function, arguments)
        raise CheckpointError(
            "Weights only load failed. Trying to call reduce for unrecognized function "
            f"{getattr(function, '__name__', type(function).__name__)}"
        )

    def new_object(self, cls: Any, arguments: Any) -> Any:
        """Build an empty instance of an allowed class, without its own ``__new__``."""
        if type(arguments) is not tuple:
            raise CheckpointError("the checkpoint makes an object without a tuple of arguments")
        if not isinstance(cls, type) or cls not in self.classes:
            if isinstance(cls, type) and cls in self.constructors:
                return self.reduce(cls, arguments)
            raise CheckpointError(
                "Can only create new object for nn.Parameter or classes allowlisted via "
                f"`add_safe_globals` but got {cls!r}"
            )
        return self._instance(cls, arguments)

    def build(self, instance: Any, state: Any) -> None:
        """Give state to an OrderedDict, a NumPy object or an instance made in this reading."""
        if id(instance) in self.unfilled:
            del self.unfilled[id(instance)]
            self._fill(instance, state)
        elif type(instance) is OrderedDict:
            instance.__dict__.update(self._attributes(state))
        elif self.is_instance(instance):
            self._set_state(instance, state)
        else:
            raise CheckpointError(
                "Can only build Tensor, Parameter, OrderedDict or types allowlisted via "
                f"`add_safe_globals`, but got {type(instance)}"
            )

    def is_instance(self, obj: Any) -> bool:
        """Whether this reading created the object as an empty instance of a class."""
        return id(obj) in self.instances

    def hashable(self, obj: Any) -> bool:
        """Whether an object with its own hash may be a key."""
        known = (enum.Enum, np.generic, type, Constructor, self.codec.size_class)
        return (
            isinstance(obj, (*known, self.codec.device_class))
            or self.codec.is_tensor(obj)
            or self.codec.dtype_name(obj) is not None
        )

    def count_key(self, key: Any) -> None:
        """Refuse different keys of one hash: a dict of them takes quadratic time."""
        alike = self.keys.setdefault(hash(key), [])
        if key not in alike:
            alike.append(key)
            if len(alike) > _MAX_COLLISIONS:
                raise CheckpointError("the checkpoint holds keys that are made to collide")

    # Instances of classes of the program

    def _reduce_class(self, cls: type, arguments: tuple[Any, ...]) -> Any:
        if issubclass(cls, enum.Enum):
            check_key(arguments, self)
            if len(arguments) == 1 and arguments[0] in cls._value2member_map_:
                return cls._value2member_map_[arguments[0]]
            raise CheckpointError(f"the checkpoint holds an unknown member of {cls.__name__}")
        if arguments:
            raise CheckpointError(
                f"the checkpoint calls the class {cls.__module__}.{cls.__qualname__}; classes are "
                "not called, only built from their state"
            )
        return self._instance(cls, arguments)

    def _instance(self, cls: type, arguments: tuple[Any, ...]) -> Any:
        value_base = next((base for base in _VALUE_BASES if issubclass(cls, base)), None)
        empty_base = next((base for base in _EMPTY_BASES if issubclass(cls, base)), None)
        if value_base is not None and not issubclass(cls, enum.Enum):
            made = self._value_instance(cls, value_base, arguments)
        elif arguments:
            raise CheckpointError(f"the checkpoint makes a {cls.__name__} from arguments")
        else:
            base: Any = empty_base or object
            made = base.__new__(cls)
        self.instances[id(made)] = made
        return made

    def _value_instance(self, cls: type, base: Any, arguments: tuple[Any, ...]) -> Any:
        if base is tuple and len(arguments) == len(getattr(cls, "_fields", ())):
            return tuple.__new__(cls, arguments)
        if len(arguments) != 1 or type(arguments[0]) is not base:
            raise CheckpointError(f"the checkpoint makes a {cls.__name__} from a wrong value")
        if base is not int and base is not float:
            self._spend(arguments[0])
        return base.__new__(cls, arguments[0])

    def _set_state(self, instance: Any, state: Any) -> None:
        method = getattr(type(instance), "__setstate__", None)
        if method is not None:
            method(instance, state)
            return
        slots: Any = None
        if type(state) is tuple and len(state) == 2:
            state, slots = state
        if state is not None:
            instance.__dict__.update(self._attributes(state))
        for name, value in self._attributes(slots or {}).items():
            slot = getattr(type(instance), name, None)
            if not isinstance(slot, MemberDescriptorType):
                raise CheckpointError(f"the checkpoint sets a slot {name} that is not there")
            slot.__set__(instance, value)

    def _attributes(self, state: Any) -> Mapping[str, Any]:
        if not isinstance(state, dict) or not all(type(name) is str for name in state):
            raise CheckpointError("the checkpoint holds a state that is no dict of names")
        self._spend(state)
        return state

    def _nested_class(self, arguments: tuple[Any, ...]) -> Any:
        outer, name = self._exactly(arguments, 2)
        if not isinstance(outer, type) or outer not in self.classes or type(name) is not str:
            raise CheckpointError("the checkpoint reads an attribute of something not a class")
        return self.find_global(outer.__module__, f"{outer.__qualname__}.{name}")

    # Built-in containers and values

    def _spend(self, value: Any) -> None:
        self.budget -= len(value) * (1 if isinstance(value, str | bytes | bytearray) else 8)
        if self.budget < 0:
            raise CheckpointError("the checkpoint copies its values too many times")

    @staticmethod
    def _exactly(arguments: tuple[Any, ...], count: int) -> tuple[Any, ...]:
        if len(arguments) != count:
            raise CheckpointError("the checkpoint calls a constructor with wrong arguments")
        return arguments

    def _remember(self, obj: Any) -> Any:
        self.unfilled[id(obj)] = obj
        return obj

    def _fill(self, instance: Any, state: Any) -> None:
        if isinstance(instance, np.dtype):
            numpy_objects.set_dtype_state(instance, state)
            return
        if type(state) is tuple and state and type(state[-1]) is bytes:
            self._spend(state[-1])
        numpy_objects.set_array_state(instance, state)

    @staticmethod
    def _numbers(arguments: tuple[Any, ...], kinds: tuple[type, ...]) -> tuple[Any, ...]:
        if not 1 <= len(arguments) <= 3 or not all(type(item) in kinds for item in arguments):
            raise CheckpointError("the checkpoint builds a value from wrong arguments")
        return arguments

    def _make_set(self, arguments: tuple[Any, ...]) -> set[Any]:
        items = arguments[0] if arguments else []
        if len(arguments) > 1 or type(items) not in (list, tuple):
            raise CheckpointError("the checkpoint builds a set from wrong arguments")
        self._spend(items)
        for item in items:
            check_key(item, self)
        return set(items)

    def _encode(self, arguments: tuple[Any, ...]) -> bytes:
        text, encoding = self._exactly(arguments, 2)
        if type(text) is not str or encoding not in ("latin1", "latin-1"):
            raise CheckpointError("the checkpoint holds bytes in an unknown form")
        self._spend(text)
        return text.encode("latin-1")

    def _make_bytes(self, arguments: tuple[Any, ...]) -> bytes:
        return self._encode(arguments) if arguments else b""

    def _make_bytearray(self, arguments: tuple[Any, ...]) -> bytearray:
        if len(arguments) == 2:
            return bytearray(self._encode(arguments))
        raw = arguments[0] if arguments else b""
        if len(arguments) > 1 or type(raw) is not bytes:
            raise CheckpointError("the checkpoint holds bytes in an unknown form")
        self._spend(raw)
        return bytearray(raw)

    def _make_ordered(self, arguments: tuple[Any, ...]) -> OrderedDict[Any, Any]:
        pairs = arguments[0] if arguments else []
        made: OrderedDict[Any, Any] = OrderedDict()
        if len(arguments) > 1 or type(pairs) is not list:
            raise CheckpointError("the checkpoint builds an OrderedDict from wrong arguments")
        self._spend(pairs)
        for pair in pairs:
            if type(pair) not in (list, tuple) or len(pair) != 2:
                raise CheckpointError("the checkpoint builds an OrderedDict from no pairs")
            check_key(pair[0], self)
            made[pair[0]] = pair[1]
        return made

    def _make_counter(self, arguments: tuple[Any, ...]) -> Counter[Any]:
        counts = arguments[0] if arguments else {}
        if len(arguments) > 1 or type(counts) is not dict:
            raise CheckpointError("the checkpoint builds a Counter from wrong arguments")
        self._spend(counts)
        made: Counter[Any] = Counter()
        dict.update(made, counts)
        return made

    def _make_default(self, arguments: tuple[Any, ...]) -> defaultdict[Any, Any]:
        factory = arguments[0] if arguments else None
        if len(arguments) > 1 or not (factory is None or factory in _FACTORIES):
            raise CheckpointError("the checkpoint holds a defaultdict with a foreign factory")
        return defaultdict(factory)

    # Tensors

    def _make_size(self, arguments: tuple[Any, ...]) -> Any:
        (sizes,) = self._exactly(arguments, 1)
        if type(sizes) not in (list, tuple) or not all(type(size) is int for size in sizes):
            raise CheckpointError("the checkpoint holds an invalid torch.Size")
        self._spend(sizes)
        return self.codec.size_class(sizes)

    def _make_device(self, arguments: tuple[Any, ...]) -> Any:
        kind, index = (*arguments, None, None)[:2]
        if type(kind) is not str or len(arguments) > 2 or not (index is None or type(index) is int):
            raise CheckpointError("the checkpoint holds an invalid torch.device")
        return self.codec.make_device(kind, index)

    def _tensor(self, arguments: tuple[Any, ...]) -> Any:
        storage, offset, shape, stride = self._exactly(arguments, 4)
        return self._view(storage, offset, shape, stride, False)

    def _tensor_v2(self, arguments: tuple[Any, ...]) -> Any:
        if not 6 <= len(arguments) <= 7:
            raise CheckpointError("the checkpoint holds a tensor with wrong arguments")
        storage, offset, shape, stride, requires_grad, _ = arguments[:6]
        return self._view(
            storage, offset, shape, stride, requires_grad, metadata=(*arguments, None)[6]
        )

    def _tensor_v3(self, arguments: tuple[Any, ...]) -> Any:
        if not 7 <= len(arguments) <= 8:
            raise CheckpointError("the checkpoint holds a tensor with wrong arguments")
        storage, offset, shape, stride, requires_grad, _, dtype = arguments[:7]
        name = self.codec.dtype_name(dtype)
        if name is None:
            raise CheckpointError("the checkpoint holds a tensor without a dtype")
        metadata = (*arguments, None)[7]
        return self._view(storage, offset, shape, stride, requires_grad, name, metadata)

    def _view(
        self,
        storage: Any,
        offset: Any,
        shape: Any,
        stride: Any,
        requires_grad: Any,
        dtype_name: str | None = None,
        metadata: Any = None,
    ) -> Any:
        if not isinstance(storage, LoadedStorage):
            raise CheckpointError("the checkpoint holds a tensor without a storage")
        name = dtype_name or storage.dtype_name or "uint8"
        flat = storage.view(name, self.codec)
        place = check_view(flat.size, offset, shape, stride)
        token: LoadedStorage = storage
        if metadata:
            flat = self._resolve_bits(flat, place, metadata)
            place, token = (0, place[1], row_major(place[1])), LoadedStorage(flat, name)
        if type(requires_grad) is not bool:
            raise CheckpointError("the checkpoint holds a tensor with an invalid requires_grad")
        return self.codec.build(flat, name, *place, requires_grad, token)

    def _resolve_bits(
        self,
        flat: np.ndarray[Any, Any],
        place: tuple[int, tuple[int, ...], tuple[int, ...]],
        metadata: Any,
    ) -> np.ndarray[Any, Any]:
        """Apply PyTorch's lazy conjugation and negation; the result has a storage of its own."""
        offset, shape, stride = place
        if type(metadata) is not dict or not set(metadata) <= {"conj", "neg"}:
            raise CheckpointError("the checkpoint holds a tensor with unknown metadata")
        count = 1
        for size in shape:
            count *= size
        if count > flat.size:
            raise CheckpointError("the checkpoint holds a tensor larger than its storage")
        self.budget -= count * flat.itemsize
        if self.budget < 0:
            raise CheckpointError("the checkpoint copies its values too many times")
        steps = tuple(step * flat.itemsize for step in stride)
        if count == 0:
            return flat[:0]
        view = np.lib.stride_tricks.as_strided(flat[offset:], shape, steps)
        view = np.conj(view) if metadata.get("conj") else view
        view = np.negative(view) if metadata.get("neg") else view
        return np.array(view, order="C").reshape(-1)

    def _parameter(self, arguments: tuple[Any, ...]) -> Any:
        tensor, requires_grad, _ = self._exactly(arguments, 3)
        return self._make_parameter((tensor, requires_grad))

    def _parameter_with_state(self, arguments: tuple[Any, ...]) -> Any:
        parameter = self._parameter(self._exactly(arguments, 4)[:3])
        self._set_tensor_state(parameter, arguments[3])
        return parameter

    def _make_parameter(self, arguments: tuple[Any, ...]) -> Any:
        tensor, requires_grad = (*arguments, True)[:2]
        valid = len(arguments) <= 2 and type(requires_grad) is bool
        if not valid or not self.codec.is_tensor(tensor):
            raise CheckpointError("the checkpoint holds an invalid parameter")
        return self.codec.build_parameter(tensor, requires_grad)

    def _from_type(self, arguments: tuple[Any, ...]) -> Any:
        function, cls, inner, state = self._exactly(arguments, 4)
        plain = isinstance(function, Constructor) and function.name.startswith("torch._utils.")
        if not plain:
            raise CheckpointError("the checkpoint builds a tensor by an unknown function")
        tensor = self.reduce(function, inner)
        if cls is self.codec.parameter_class and not self.codec.is_parameter(tensor):
            tensor = self._make_parameter((tensor, True))
        elif cls not in (self.codec.tensor_class, self.codec.parameter_class):
            raise CheckpointError("the checkpoint holds a subclass of Tensor")
        self._set_tensor_state(tensor, state)
        return tensor

    def _set_tensor_state(self, tensor: Any, state: Any) -> None:
        if type(state) is tuple and len(state) == 2 and not state[1]:
            state = state[0]
        if state:
            self.codec.set_state(tensor, self._attributes(state))
