"""A thin layer over llvmlite's builder: index arithmetic that folds, loops, vectors, masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from .machine import Machine

I64 = ir.IntType(64)
PTR = ir.PointerType()
Index = Any  # a Python int or an i64 value


class VectorCode:
    """Emits code for one function over one element type.

    Args:
        builder: positioned at the end of a block.
        element: ir.FloatType(), ir.DoubleType() or an integer type.
        machine: the processor.
        lanes: elements of a vector. Default: as many as a register holds.
    """

    def __init__(self, builder: ir.IRBuilder, element: ir.Type, machine: Machine,
                 lanes: int = 0) -> None:
        self.builder = builder
        self.element = element
        self.machine = machine
        integer = isinstance(element, ir.IntType)
        bits = element.width if integer else 64 if isinstance(element, ir.DoubleType) else 32
        self.itemsize = bits // 8
        self.lanes = lanes or machine.vector_bytes // self.itemsize
        self.vector = ir.VectorType(element, self.lanes)
        self.suffix = f"v{self.lanes}{'i' if integer else 'f'}{bits}"
        self.constants: dict[Any, Any] = {}  # one object each: its text is made once

    # ---- index arithmetic: ints fold ----

    def value(self, a: Index) -> Any:
        """The index as an i64 value."""
        return ir.Constant(I64, a) if isinstance(a, int) else a

    def add(self, a: Index, b: Index) -> Index:
        """a + b."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a is b is None or (isinstance(b, int) and b == 0):
            return a
        if isinstance(a, int) and a == 0:
            return b
        return self.builder.add(self.value(a), self.value(b))

    def sub(self, a: Index, b: Index) -> Index:
        """a - b."""
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        return a if isinstance(b, int) and b == 0 else self.builder.sub(self.value(a),
                                                                        self.value(b))

    def mul(self, a: Index, b: Index) -> Index:
        """a * b."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        for x, y in ((a, b), (b, a)):
            if isinstance(x, int) and x in (0, 1):
                return y if x else 0
        return self.builder.mul(self.value(a), self.value(b))

    def div(self, a: Index, b: int) -> Index:
        """a // b for a >= 0."""
        if isinstance(a, int):
            return a // b
        return a if b == 1 else self.builder.udiv(a, self.value(b))

    def mod(self, a: Index, b: int) -> Index:
        """a % b for a >= 0."""
        if isinstance(a, int):
            return a % b
        return 0 if b == 1 else self.builder.urem(a, self.value(b))

    def less(self, a: Index, b: Index) -> Any:
        """a < b as a bool or an i1 value."""
        if isinstance(a, int) and isinstance(b, int):
            return a < b
        return self.builder.icmp_signed("<", self.value(a), self.value(b))

    def minimum(self, a: Index, b: Index) -> Index:
        """The smaller one."""
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self.builder.select(self.less(a, b), self.value(a), self.value(b))

    def positive(self, a: Index) -> Index:
        """a, or 0 if it is negative."""
        if isinstance(a, int):
            return max(a, 0)
        return self.builder.select(self.less(a, 0), self.value(0), a)

    def both(self, a: Any, b: Any) -> Any:
        """Conjunction of conditions."""
        if isinstance(a, bool):
            return b if a else False
        if isinstance(b, bool):
            return a if b else False
        return self.builder.and_(a, b)

    # ---- control ----

    @contextmanager
    def when(self, condition: Any) -> Iterator[None]:
        """Code under a condition (an i1 value, or a bool)."""
        if condition is True:
            yield
        else:
            if condition is False:
                condition = ir.Constant(ir.IntType(1), 0)
            with self.builder.if_then(condition):
                yield

    def choose(self, condition: Any, yes: Callable[[], None], no: Callable[[], None]) -> None:
        """Two branches."""
        if isinstance(condition, bool):
            (yes if condition else no)()
            return
        with self.builder.if_else(condition) as (then, otherwise):
            with then:
                yes()
            with otherwise:
                no()

    @contextmanager
    def loop(self, start: Index, stop: Index, step: int = 1) -> Iterator[Index]:
        """for index in range(start, stop, step); a single known pass makes no loop."""
        if all(isinstance(x, int) for x in (start, stop)) and start < stop <= start + step:
            yield start
            return
        b = self.builder
        head, body, done = (b.append_basic_block(n) for n in ("head", "body", "done"))
        entry = b.block
        b.branch(head)
        b.position_at_end(head)
        index = b.phi(I64)
        index.add_incoming(self.value(start), entry)
        b.cbranch(b.icmp_signed("<", index, self.value(stop)), body, done)
        b.position_at_end(body)
        yield index
        index.add_incoming(b.add(index, self.value(step)), b.block)
        b.branch(head)
        b.position_at_end(done)

    def repeat(self, count: Index, carried: Sequence[Any],
               body: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """Run `body` count times, carrying values in registers; the last values."""
        if isinstance(count, int) and count <= 1:
            return body(list(carried)) if count == 1 else list(carried)
        b = self.builder
        entry = b.block
        loop, done = b.append_basic_block("repeat"), b.append_basic_block("repeated")
        if isinstance(count, int):
            b.branch(loop)
        else:
            b.cbranch(b.icmp_signed("<", self.value(0), count), loop, done)
        b.position_at_end(loop)
        left = b.phi(I64)
        left.add_incoming(self.value(count), entry)
        phis = []
        for x in carried:
            phi = b.phi(x.type)
            phi.add_incoming(x, entry)
            phis.append(phi)
        results = body(list(phis))
        fewer = b.sub(left, self.value(1))
        left.add_incoming(fewer, b.block)
        for phi, x in zip(phis, results, strict=True):
            phi.add_incoming(x, b.block)
        end = b.block
        b.cbranch(b.icmp_signed("<", self.value(0), fewer), loop, done)
        b.position_at_end(done)
        out = []
        for x, y in zip(carried, results, strict=True):
            if isinstance(count, int):
                out.append(y)
                continue
            phi = b.phi(x.type)
            phi.add_incoming(x, entry)
            phi.add_incoming(y, end)
            out.append(phi)
        return out

    def opaque(self, pointer: Any) -> Any:
        """The same pointer, of which LLVM does not know that it is the same."""
        kind = ir.FunctionType(PTR, [PTR])
        return self.builder.asm(kind, "", "=r,0", [pointer], side_effect=True)

    # ---- memory ----

    def at(self, pointer: Any, index: Index) -> Any:
        """Pointer to element `index`."""
        if isinstance(index, int) and index == 0:
            return pointer
        return self.builder.gep(pointer, [self.value(index)], inbounds=True,
                                source_etype=self.element)

    def load(self, pointer: Any, index: Index = 0, mask: Any = None, aligned: bool = False) -> Any:
        """A vector; lanes outside the mask are zero."""
        place = self.at(pointer, index)
        align = self.machine.vector_bytes if aligned else self.itemsize
        if mask is None:
            return self.builder.load(place, align=align, typ=self.vector)
        name = f"llvm.masked.load.{self.suffix}.p0"
        kind = ir.FunctionType(self.vector, [PTR, mask.type, self.vector])
        return self._call_aligned(name, kind, [place, mask, self.zero()], 0, align)

    def store(self, x: Any, pointer: Any, index: Index = 0, mask: Any = None,
              aligned: bool = False) -> None:
        """Store a vector, or only the lanes in the mask."""
        place = self.at(pointer, index)
        align = self.machine.vector_bytes if aligned else self.itemsize
        if mask is None:
            self.builder.store(x, place, align=align)
            return
        name = f"llvm.masked.store.{self.suffix}.p0"
        kind = ir.FunctionType(ir.VoidType(), [x.type, PTR, mask.type])
        self._call_aligned(name, kind, [x, place, mask], 1, align)

    def load_scalar(self, pointer: Any, index: Index = 0) -> Any:
        """One element."""
        return self.builder.load(self.at(pointer, index), align=self.itemsize, typ=self.element)

    def store_scalar(self, x: Any, pointer: Any, index: Index = 0) -> None:
        """Store one element."""
        self.builder.store(x, self.at(pointer, index), align=self.itemsize)

    def prefetch(self, pointer: Any, index: Index) -> None:
        """Ask for the cache line of an element that is read soon."""
        i32 = ir.IntType(32)
        function = self.declare("llvm.prefetch.p0",
                                ir.FunctionType(ir.VoidType(), [PTR, i32, i32, i32]))
        self.builder.call(function, [self.at(pointer, index), i32(0), i32(2), i32(1)])

    def gather(self, pointer: Any, offsets: Any, mask: Any = None) -> Any:
        """The elements at pointer + offsets (a vector of i64)."""
        places = self.builder.gep(pointer, [offsets], source_etype=self.element)
        pointers = ir.VectorType(PTR, self.lanes)
        places.type = pointers
        mask = self.mask(self.lanes) if mask is None else mask
        kind = ir.FunctionType(self.vector, [pointers, mask.type, self.vector])
        name = f"llvm.masked.gather.{self.suffix}.v{self.lanes}p0"
        function = self.declare(name, kind)
        return self.builder.call(function, [places, mask, self.zero()])

    def _call_aligned(self, name: str, kind: Any, args: list[Any], which: int,
                      align: int) -> Any:
        function = self.declare(name, kind)
        attributes = ir.values.ArgumentAttributes()
        attributes.align = align
        call = self.builder.call(function, args)
        call.arg_attributes[which] = attributes
        return call

    def declare(self, name: str, kind: Any) -> Any:
        """The intrinsic of this name."""
        found = self.builder.module.globals.get(name)
        return found or ir.Function(self.builder.module, kind, name)

    # ---- vectors ----

    def _numbers(self, bits: int, numbers: Sequence[int]) -> Any:
        """A constant vector of integers."""
        key = (bits, tuple(numbers))
        if key not in self.constants:
            kind = ir.IntType(bits)
            self.constants[key] = ir.Constant(ir.VectorType(kind, len(key[1])),
                                              [ir.Constant(kind, i) for i in key[1]])
        return self.constants[key]

    def zero(self) -> Any:
        """A vector of zeros."""
        if "zero" not in self.constants:
            self.constants["zero"] = ir.Constant(self.vector, None)
        return self.constants["zero"]

    def splat(self, x: Any) -> Any:
        """All lanes equal to a scalar."""
        b, kind = self.builder, str(x.type)
        if kind not in self.constants:
            self.constants[kind] = ir.Constant(ir.VectorType(x.type, self.lanes), ir.Undefined)
        nothing = self.constants[kind]
        first = b.insert_element(nothing, x, ir.Constant(ir.IntType(32), 0))
        return b.shuffle_vector(first, nothing, self._numbers(32, [0] * self.lanes))

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """a b + c."""
        if not self.machine.fma:
            return self.builder.fadd(self.builder.fmul(a, b), c)
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        return self.builder.call(self.declare(f"llvm.fma.{self.suffix}", kind), [a, b, c])

    def mask(self, count: Index) -> Any:
        """The first `count` lanes."""
        if isinstance(count, int):
            return self._numbers(1, [int(i < count) for i in range(self.lanes)])
        few = self.builder.trunc(self.minimum(count, self.lanes), ir.IntType(32))
        places = self._numbers(32, range(self.lanes))
        return self.builder.icmp_signed("<", places, self.splat(few))

    def flags(self, chosen: Sequence[bool]) -> Any:
        """A mask of known lanes."""
        return self._numbers(1, [int(x) for x in chosen])

    def iota(self, step: int) -> Any:
        """0, step, 2 step, … as i64."""
        return self._numbers(64, [i * step for i in range(self.lanes)])

    def shuffle(self, a: Any, b: Any, places: Sequence[int]) -> Any:
        """Lanes taken from the concatenation of a and b."""
        return self.builder.shuffle_vector(a, b, self._numbers(32, places))

    def transpose(self, rows: Sequence[Any]) -> list[Any]:
        """Columns of a square of vectors: pairs of 64-bit, then 128-bit pieces are exchanged."""
        w = self.lanes
        rows = list(rows)
        distance = 1
        while distance < w:
            low, high = self._exchange(distance)
            done = list(rows)
            for i in range(w):
                if not i & distance:
                    a, b = rows[i], rows[i + distance]
                    done[i], done[i + distance] = self.shuffle(a, b, low), self.shuffle(a, b, high)
            rows = [self.fence(x) for x in done]
            distance *= 2
        return rows

    def fence(self, x: Any) -> Any:
        """x itself; what is emitted before and after is not combined, which saves LLVM's time."""
        kind = ir.FunctionType(self.vector, [self.vector])
        return self.builder.call(self.declare(f"llvm.arithmetic.fence.{self.suffix}", kind), [x])

    def _exchange(self, distance: int) -> tuple[list[int], list[int]]:
        w = self.lanes
        low = [i if not i & distance else w + i - distance for i in range(w)]
        high = [i + distance if not i & distance else w + i for i in range(w)]
        return low, high

    def total(self, x: Any) -> Any:
        """Sum of the lanes, in halves."""
        w = self.lanes
        while w > 1:
            w //= 2
            low = self.shuffle(x, x, range(w))
            high = self.shuffle(x, x, range(w, 2 * w))
            x = self.builder.fadd(low, high)
        return self.builder.extract_element(x, ir.Constant(ir.IntType(32), 0))
