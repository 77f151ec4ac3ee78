"""The Mersenne Twister behind every random number, with PyTorch's seeding and state layout."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT_SEED = 67280421310721
TWISTER_WORDS = 624
STATE_BYTES = 5056
_BLOCK = 16 * 1024
_FLOAT_STEP = np.float32(2.0**-24)

# The byte layout of a CPU generator's state: 8-byte words for the twister, then the two caches
# of the Box-Muller transform (the spare normal sample of an odd number of draws).
_STATE_LAYOUT = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "words", "double_sample",
                  "double_sample_valid", "float_sample", "float_sample_valid"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", TWISTER_WORDS), "<f8", "<i4", "<f4", "u1"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040, 5048, 5052],
        "itemsize": STATE_BYTES,
    }
)  # fmt: skip


class Generator:
    """A stream of random numbers with the digits of PyTorch's CPU generator.

    Args:
        device: where the numbers are used; only the CPU has a generator. Default: ``"cpu"``.

    Example:
        >>> generator = Generator().manual_seed(0)
        >>> generator.draw32(2)
        array([2357136044, 2546248239], dtype=uint32)

    Source: torch.Generator; Matsumoto and Nishimura 1998 (MT19937).
    """

    next_double_normal_sample: float | None
    next_float_normal_sample: float | None

    def __init__(self, device: Any = "cpu") -> None:
        kind = str(device).split(":")[0]
        if kind != "cpu":
            raise RuntimeError(f"Device type {kind} is not supported for torch.Generator() api.")
        self._device = device
        self._restart(DEFAULT_SEED)

    @property
    def device(self) -> Any:
        """The device given at construction."""
        return self._device

    def manual_seed(self, seed: int) -> Generator:
        """Restarts the stream from a seed.

        Args:
            seed: an integer in [-2**63, 2**64); negative seeds wrap to seed + 2**64.

        Returns:
            the generator itself.

        Raises:
            RuntimeError: the seed is not an integer.
            ValueError: the seed is out of range.
        """
        if type(seed) is not int:
            name = type(seed).__name__
            raise RuntimeError(f"manual_seed expected a long, but got {name}")
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        self._restart(seed % 2**64)
        return self

    def seed(self) -> int:
        """Restarts the stream from the operating system's entropy and returns the new seed."""
        self._restart(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """Returns the seed of the last restart, in [0, 2**64)."""
        return self._seed

    def draw32(self, count: int) -> NDArray[np.uint32]:
        """Returns the next ``count`` 32-bit words."""
        if count == 0:
            return np.empty(0, np.uint32)
        self._fresh = False
        return self._engine().randint(0, 2**32, count, dtype=np.uint32)

    def draw64(self, count: int) -> NDArray[np.uint64]:
        """Returns the next ``count`` 64-bit words, each two 32-bit words, the high one first."""
        if count == 0:
            return np.empty(0, np.uint64)
        self._fresh = False
        return self._engine().randint(0, 2**64, count, dtype=np.uint64)

    def get_state(self) -> NDArray[np.uint8]:
        """Returns the whole state, 5056 bytes in PyTorch's layout, as a new uint8 array."""
        state = np.zeros((), _STATE_LAYOUT)
        key, position = self._words()
        state["seed"] = self._seed
        state["seeded"] = 1
        # A twister that has not drawn since its seeding is marked by next = 0 with left = 1.
        state["left"] = 1 if self._fresh else TWISTER_WORDS + 1 - position
        state["next"] = 0 if self._fresh else position
        state["words"] = key
        if self.next_double_normal_sample is not None:
            state["double_sample"] = self.next_double_normal_sample
            state["double_sample_valid"] = 1
        if self.next_float_normal_sample is not None:
            state["float_sample"] = self.next_float_normal_sample
            state["float_sample_valid"] = 1
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, new_state: Any) -> None:
        """Continues from a state that ``get_state`` returned, here or in PyTorch.

        Args:
            new_state: 5056 bytes, dtype uint8.

        Raises:
            TypeError: not an array of bytes.
            RuntimeError: wrong size, or not the state of a Mersenne Twister.
        """
        if not isinstance(new_state, np.ndarray):
            name = type(new_state).__name__
            raise TypeError(f"expected a torch.ByteTensor, but got {name}")
        if new_state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if new_state.size != STATE_BYTES:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE_BYTES} but found the input "
                f"RNG state size to be {new_state.size}"
            )
        state = np.frombuffer(new_state.tobytes(), _STATE_LAYOUT)[0]
        left, position = int(state["left"]), int(state["next"])
        in_range = 0 < left <= TWISTER_WORDS and position <= TWISTER_WORDS
        if not state["seeded"] or not in_range:
            raise RuntimeError("Invalid mt19937 state")
        self._restart(int(state["seed"]))
        self._place(state["words"].astype(np.uint32), TWISTER_WORDS if left == 1 else position)
        self._fresh = left == 1 and position == 0
        if state["double_sample_valid"]:
            self.next_double_normal_sample = float(state["double_sample"])
        if state["float_sample_valid"]:
            self.next_float_normal_sample = float(state["float_sample"])

    def clone_state(self) -> Generator:
        """Returns a new generator that continues from this one's present state."""
        other = Generator(self._device)
        other.set_state(self.get_state())
        return other

    def get_offset(self) -> int:
        """Raises RuntimeError: only counter-based generators have an offset."""
        raise RuntimeError("CPU Generator does not use offset")

    def set_offset(self, offset: int) -> None:
        """Raises RuntimeError: only counter-based generators have an offset."""
        raise RuntimeError("CPU Generator does not use offset")

    def _restart(self, seed: int) -> None:
        self._seed = seed
        self._fresh = True
        self._source: np.random.RandomState | None = None
        self.next_double_normal_sample = None
        self.next_float_normal_sample = None

    def _engine(self) -> np.random.RandomState:
        # Built at the first draw: numpy.random is slow to import and many programs never draw.
        if self._source is None:
            self._source = np.random.RandomState(self._seed & 0xFFFFFFFF)
        return self._source

    def _words(self) -> tuple[NDArray[np.uint32], int]:
        state: Any = self._engine().get_state(legacy=False)
        return state["state"]["key"], int(state["state"]["pos"])

    def _place(self, key: NDArray[np.uint32], position: int) -> None:
        words = {"key": key, "pos": position}
        self._engine().set_state({"bit_generator": "MT19937", "state": words})


class UniformStream:
    """One double at a time from a generator, for samplers that reject an unknown number of draws.

    Words are drawn in blocks; leaving the ``with`` block gives the unread ones back.

    Example:
        >>> generator = Generator().manual_seed(0)
        >>> with UniformStream(generator) as stream:
        ...     value = stream.uniform()
        >>> int(generator.get_state()[16])
        2
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._block: list[float] = []
        self._read = 0
        self._start: tuple[NDArray[np.uint32], int] | None = None

    def __enter__(self) -> UniformStream:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._start is not None and self._read < len(self._block):
            self._generator._place(*self._start)
            self._generator.draw64(self._read)

    def uniform(self) -> float:
        """Returns the next double in [0, 1)."""
        if self._read == len(self._block):
            self._start = self._generator._words()
            size = min(max(32, 2 * len(self._block)), 1 << 15)
            self._block = unit_double(self._generator, size).tolist()
            self._read = 0
        value = self._block[self._read]
        self._read += 1
        return value


def unit_float(generator: Generator, count: int) -> NDArray[np.float32]:
    """Returns ``count`` floats in [0, 1): the low 24 bits of one word each, over 2**24."""
    words = generator.draw32(count)
    values = words.view(np.float32)
    # The numbers take their words' place, a block at a time: large new arrays cost more than sums.
    for start in range(0, count, _BLOCK):
        block = words[start : start + _BLOCK] & np.uint32(0xFFFFFF)
        values[start : start + _BLOCK] = block.view(np.int32).astype(np.float32) * _FLOAT_STEP
    return values


def unit_double(generator: Generator, count: int) -> NDArray[np.float64]:
    """Returns ``count`` doubles in [0, 1): the low 53 bits of two words each, over 2**53."""
    words = generator.draw64(count)
    values = words.view(np.float64)
    for start in range(0, count, _BLOCK):
        block = words[start : start + _BLOCK] & np.uint64(2**53 - 1)
        values[start : start + _BLOCK] = block.view(np.int64) * 2.0**-53
    return values


default_generator = Generator()
