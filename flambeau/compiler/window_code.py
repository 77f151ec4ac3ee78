"""Stage 5, emit: a pass over windows as vector code.

A vector holds neighbouring windows of a row (of an adjoint: neighbouring elements). Elements that
lie `stride` apart are loaded together and sorted by shuffles; what a row has left over is masked.
Rows whose windows lie inside the input run without tests.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from llvmlite import ir

from .kernels import Facts, Kernels
from .llvm import I8, I64, VOID, emit_line, memory_type, register_type
from .loops import Line
from .machine import host_machine
from .vector_code import PTR, Index, VectorCode
from .window_nest import WindowNest
from .windows import Geometry

Ints = tuple[int, ...]
Row = tuple[tuple[Index, Any], ...]  # places in the outer dimensions, whether they are inside


class WindowFunction:
    """The LLVM function of a pass over windows: `void name(buffer…, numbers…, begin, end)`.

    Attributes: as of `llvm.NestFunction`; units are planes, one per image and channel.
    """

    def __init__(self, kernels: Kernels, name: str, windows: WindowNest) -> None:
        self.name, self.windows = name, windows
        lines, stores = [*windows.lines, *windows.after], windows.stores
        self.written = windows.written()
        self.buffers = list(dict.fromkeys([*windows.reads(), *self.written]))
        self.numbers = list(dict.fromkeys(x.source for x in lines if x.op == "number"))
        self.dtypes = {x.source: x.dtype for x in lines if x.op in ("load", "number")}
        self.dtypes.update((s.target, s.dtype) for s in stores)
        self.dtypes.update((v, d) for _, v, d in windows.finals)
        if windows.number is not None:
            self.dtypes[windows.number] = windows.number_type
        self.units = math.prod(windows.lead)
        g = windows.geometry
        self.work = self.units * math.prod(g.out) * g.taps() * (len(lines) + 1)
        self.kernel = kernels.get("windows", self._shape(), True, self._emit)

    def _shape(self) -> Any:
        w = self.windows
        place = {v: k for k, v in enumerate((*self.buffers, *self.numbers))}
        place.update((s.target, -1 - k) for k, s in enumerate(w.stores) if s.target not in place)

        def lines(of: Sequence[Any]) -> tuple[Any, ...]:
            return tuple((x.op, x.args, x.params, place.get(x.source), x.address, x.dtype)
                         for x in of)
        stores = tuple((s.op, s.value, place[s.target], s.dtype) for s in w.stores)
        finals = tuple((k, place[v], d) for k, v, d in w.finals)
        number = None if w.number is None else place[w.number]
        return (vars(w.geometry), w.lead, lines(w.lines), stores, number, lines(w.after), finals)

    def _emit(self, module: ir.Module, symbol: str) -> Facts:
        scalars = [register_type(self.dtypes[v]) for v in self.numbers]
        kind = ir.FunctionType(VOID, [*[PTR] * len(self.buffers), *scalars, I64, I64])
        function = ir.Function(module, kind, symbol)
        for argument in function.args[:len(self.buffers)]:
            argument.add_attribute("noalias")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        arguments = dict(zip((*self.buffers, *self.numbers), function.args, strict=False))
        writer = (SpreadCode if self.windows.spreads else GatherCode)(
            builder, self.windows, arguments)
        writer.emit(*function.args[-2:])
        builder.ret_void()
        return {}


class WindowCode(ABC):
    """What passes in both directions share.

    Args:
        builder: at the function's entry.
        windows: the pass.
        arguments: pointers and numbers by value number.
    """

    columns = 0  # vector columns of a row
    steps: Ints = ()

    def __init__(self, builder: ir.IRBuilder, windows: WindowNest,
                 arguments: dict[int, Any]) -> None:
        self.builder, self.windows, self.arguments = builder, windows, arguments
        self.geometry = windows.geometry
        self.value_type = windows.lines[windows.stores[0].value].dtype
        machine = host_machine()
        width = max(machine.vector_bytes // self.value_type.itemsize, 2)
        while width // 2 >= max(self.columns, 2):
            width //= 2
        self.lanes = width
        self.codes: dict[str, VectorCode] = {}
        self.code = self.typed(self.value_type)
        self.plane: Index = 0
        self.lead: tuple[Index, Index] = (0, 0)

    def typed(self, dtype: Any) -> VectorCode:
        """Code for vectors of a type as it is in memory."""
        kind = memory_type(dtype)
        return self.codes.setdefault(str(kind), VectorCode(self.builder, kind, host_machine(),
                                                           self.lanes))

    def emit(self, begin: Any, end: Any) -> None:
        """All of it, for planes [begin, end)."""
        code = self.code
        with code.loop(begin, end) as plane:
            channels = self.windows.lead[1]
            self.plane = plane
            self.lead = code.div(plane, channels), code.mod(plane, channels)
            self.rows(())

    @abstractmethod
    def rows(self, outer: Row) -> None:
        """The rows of a plane."""

    # ---- lanes ----

    def splat(self, x: Any) -> Any:
        """All lanes equal to a scalar; a vector as it is."""
        return x if isinstance(x.type, ir.VectorType) else self.code.splat(x)

    def lane_mask(self, inside: Sequence[bool]) -> Any:
        """A constant mask; None if it has all lanes."""
        return None if all(inside) else self.code.flags(inside)

    def within(self, first: Index, step: int, size: int) -> Any:
        """The lanes whose position first + lane · step lies in [0, size): a mask or None.

        Where `first` is not known all of them do.
        """
        if not isinstance(first, int):
            return None
        return self.lane_mask([0 <= first + i * step < size for i in range(self.lanes)])

    def pick(self, parts: Sequence[Any], places: Sequence[int]) -> Any:
        """Lanes by their places in the concatenation of vectors."""
        w = self.lanes
        if len(parts) == 1:
            return parts[0]
        picked = self.code.shuffle(parts[0], parts[1], [p if p < 2 * w else 0 for p in places])
        for k in range(2, len(parts)):
            if any(p // w == k for p in places):
                picked = self.code.shuffle(picked, parts[k], [
                    w + p % w if p // w == k else i for i, p in enumerate(places)])
        return picked

    # ---- memory ----

    def load(self, source: int, dtype: Any, offset: Index, mask: Any) -> Any:
        """A vector of a buffer."""
        x = self.typed(dtype).load(self.arguments[source], offset, mask)
        return self.from_memory(x, dtype)

    def from_memory(self, x: Any, dtype: Any) -> Any:
        """A loaded value as it is in registers."""
        if dtype.name != "bool":
            return x
        zero = ir.Constant(x.type, None) if isinstance(x.type, ir.VectorType) else I8(0)
        return self.builder.icmp_unsigned("!=", x, zero)

    def store(self, x: Any, target: int, dtype: Any, offset: Index, mask: Any) -> None:
        """Store a vector to a buffer."""
        code = self.typed(dtype)
        x = self.splat(x)
        if dtype.name == "bool":
            x = self.builder.zext(x, code.vector)
        elif x.type.element != code.element:  # numbers of taps are held as wide as the values
            x = (self.builder.trunc if x.type.element.width > code.element.width
                 else self.builder.zext)(x, code.vector)
        code.store(x, self.arguments[target], offset, mask)

    # ---- lines ----

    def deliver(self, results: dict[int, Any], outer: Sequence[Index], column: Index,
                target: Index, mask: Any) -> None:
        """Store results, by their values, and what is computed of them.

        Args:
            results: vectors of neighbours.
            outer, column: where the first one is; target: its offset.
            mask: the lanes that are there, None for all.
        """
        for s in self.windows.stores:
            if s.target in self.windows.kept:
                self.store(results[s.target], s.target, s.dtype, target, mask)
        values = self.lines(self.windows.after, outer, lambda line, row: results[line.source] if (
            line.op == "result") else self.load(line.source, line.dtype,
                                                self.code.add(row, column), mask))
        for k, v, dtype in self.windows.finals:
            self.store(values[k], v, dtype, target, mask)

    def lines(self, lines: Sequence[Line], outer: Sequence[Index],
              vector: Callable[[Line, Index], Any]) -> list[Any]:
        """The values of lines in one row; those that no column changes are scalars.

        Args:
            lines: the lines.
            outer: places in the dimensions before the last.
            vector: (line, offset of the row) gives the vector of a load.
        """
        code, values = self.code, []
        places = [*self.lead, *outer]
        for line in lines:
            if line.op == "result":
                values.append(self.splat(vector(line, 0)))
                continue
            if line.op == "number":
                values.append(self.arguments[line.source])
                continue
            if line.op == "load":
                offset: Index = line.address[0]
                for c, i in zip(line.address[1], places, strict=False):
                    offset = code.add(offset, code.mul(c, i))
                values.append(vector(line, offset) if line.address[1][-1] else self.from_memory(
                    self.typed(line.dtype).load_scalar(self.arguments[line.source], offset),
                    line.dtype))
                continue
            args = [values[a] for a in line.args]
            if any(isinstance(x.type, ir.VectorType) for x in args):
                args = [self.splat(x) for x in args]
            dtypes = [lines[a].dtype for a in line.args]
            values.append(emit_line(self.builder, line, dtypes, args))
        return values

    # ---- rows and columns ----

    def blocks(self, whole: Callable[[int], bool],
               body: Callable[[Index], None]) -> None:
        """body(first column) for the vectors of a row; those that need no masks in a loop.

        Args:
            whole: whether all is in range for the vector that begins at a column.
            body: its columns are numbers if it may need masks.
        """
        w, starts = self.lanes, range(0, self.columns, self.lanes)
        free = [j for j in starts if whole(j)]
        if len(free) < 2:
            for j in starts:
                body(j)
            return
        for j in range(0, free[0], w):
            body(j)
        with self.code.loop(free[0], free[-1] + w, w) as column:
            body(column)
        for j in range(free[-1] + w, self.columns, w):
            body(j)

    def pieces(self, low: int, high: int, size: int, checked: bool) -> Iterator[tuple[Index, bool]]:
        """Loops over [0, size): (place, whether it must be checked), unchecked in [low, high)."""
        low = min(max(low, 0), size)
        high = max(min(high, size), low)
        ranges = [(0, low, True), (low, high, False), (high, size, True)]
        for first, last, check in [(0, size, True)] if checked else ranges:
            if first < last:
                with self.code.loop(first, last) as i:
                    yield i, check

    def inside(self, place: Index, size: int, check: bool) -> tuple[Index, Any]:
        """A place in [0, size), the given one if it is that; whether it is (a bool or an i1)."""
        if isinstance(place, int):
            good = 0 <= place < size
            return place if good else 0, good
        if not check:
            return place, True
        good = self.builder.icmp_unsigned("<", place, self.code.value(size))
        return self.builder.select(good, place, self.code.value(0)), good

    def both(self, mask: Any, good: Any) -> Any:
        """A mask of lanes (None: all) and a condition that holds for all lanes."""
        if good is True:
            return mask
        good = self.code.splat(good)
        return good if mask is None else self.builder.and_(mask, good)

    def and_(self, mask: Any, x: Any) -> Any:
        """Two masks, the first perhaps None for all lanes."""
        return x if mask is None else self.builder.and_(mask, x)

    def plus(self, x: Any, y: Any) -> Any:
        """x + y in the values' type."""
        return (self.builder.fadd if self.value_type.category >= 2 else self.builder.add)(x, y)

    def flat(self, places: Sequence[Index], sizes: Sequence[int]) -> Index:
        """The offset of a row's first element in a whole array."""
        code, offset = self.code, self.plane
        for i, n in zip(places, sizes, strict=False):
            offset = code.add(code.mul(offset, n), i)
        return code.mul(offset, sizes[-1])


class GatherCode(WindowCode):
    """Results per window: positions of maxima, values there, sums."""

    def __init__(self, builder: ir.IRBuilder, windows: WindowNest,
                 arguments: dict[int, Any]) -> None:
        self.columns = windows.geometry.out[-1]
        super().__init__(builder, windows, arguments)
        ops = {s.op for s in windows.stores}
        self.counts = "window_argmax" in ops
        self.sums = "window_sum" in ops
        wide = max(windows.number_type.itemsize, self.value_type.itemsize)
        self.number_kind = ir.VectorType(ir.IntType(8 * wide), self.lanes)

    def rows(self, outer: Row) -> None:
        """Loops over rows of windows; those at the border check what they read."""
        g, d = self.geometry, len(outer)
        if d == len(g.out) - 1:
            self.row(outer)
            return
        low = -(-g.padding[d] // g.stride[d])
        reach = (g.kernel[d] - 1) * g.dilation[d]
        high = (g.size[d] - 1 + g.padding[d] - reach) // g.stride[d] + 1
        for o, check in self.pieces(low, high, g.out[d], any(c for _, c in outer)):
            self.rows((*outer, (o, check)))

    def row(self, outer: Row) -> None:
        """One row of windows."""
        g, w = self.geometry, self.lanes
        stride, size = g.stride[-1], g.size[-1]
        offsets = [k * g.dilation[-1] - g.padding[-1] for k in range(g.kernel[-1])]
        low, high = (x // stride * stride for x in (offsets[0], offsets[-1]))

        def whole(j: int) -> bool:
            return j * stride + low >= 0 and (j + w) * stride + high <= size and j + w <= g.out[-1]
        places = [o for o, _ in outer]
        self.blocks(whole, lambda column: self.vector(
            outer, column, self.code.add(self.flat(places, g.out), column)))

    def vector(self, outer: Row, column: Index, target: Index) -> None:
        """A vector of windows: combine their elements, tap by tap, and store."""
        loads: dict[Any, Any] = {}
        state = _Sums(self) if self.sums else _Maxima(self)
        mask = self.within(column, 1, self.geometry.out[-1])
        if self.windows.number is not None:
            state.number = self.load(self.windows.number, self.windows.number_type, target, mask)
        for number, tap in enumerate(product(*map(range, self.geometry.kernel))):
            self.tap(outer, column, tap, number, loads, state)
        self.deliver({s.target: state.result(s) for s in self.windows.stores},
                     [o for o, _ in outer], column, target, mask)

    def tap(self, outer: Row, column: Index, tap: Ints, number: int, loads: dict[Any, Any],
            state: Any) -> None:
        """What one element of each window adds, if it is inside."""
        g, code = self.geometry, self.code
        places, good = [], True
        for (o, check), k, s, p, d, n in zip(outer, tap, g.stride, g.padding, g.dilation, g.size,
                                             strict=False):
            start = code.add(code.mul(o, s), k * d - p)
            place, fine = self.inside(start, n, check)
            places.append(place)
            good = code.both(good, fine)
        if good is False:
            return
        shift = tap[-1] * g.dilation[-1] - g.padding[-1]
        first = column * g.stride[-1] + shift if isinstance(column, int) else column
        mask = self.within(first, g.stride[-1], g.size[-1])
        values = self.lines(self.windows.lines, places, lambda line, row: self.strided(
            line, row, column, shift, loads, (line, tap[:-1])))
        state.add(number, values, self.both(mask, good))

    def strided(self, line: Any, row: Index, column: Index, shift: int, loads: dict[Any, Any],
                key: Any) -> Any:
        """The elements (column + lane) · stride + shift of a row."""
        g, code, w = self.geometry, self.code, self.lanes
        stride = g.stride[-1]
        start, phase = divmod(shift, stride)
        parts = []
        for k in range(stride):
            first = code.add(code.mul(code.add(column, start), stride), k * w)
            if (*key, start, k) not in loads:
                mask = self.within(first, 1, g.size[-1])
                loads[(*key, start, k)] = self.load(line.source, line.dtype,
                                                    code.add(row, first), mask)
            parts.append(loads[(*key, start, k)])
        return self.pick(parts, [i * stride + phase for i in range(w)])


class _Maxima:
    """The first maximum of each lane, a NaN before all; or what lies at given places."""

    def __init__(self, owner: GatherCode) -> None:
        self.owner, self.builder = owner, owner.builder
        stores = owner.windows.stores
        self.key = next((s.value for s in stores if s.op == "window_argmax"), None)
        self.taken = dict.fromkeys(s.value for s in stores if s.op == "window_take")
        self.best: dict[int, Any] = {}
        self.number: Any = None
        self.fresh: Any = None  # lanes that have no element yet

    def add(self, number: int, values: list[Any], inside: Any) -> None:
        """Consider an element: `inside` is a mask, None for all lanes."""
        owner, b = self.owner, self.builder
        kept = dict.fromkeys([*([] if self.key is None else [self.key]), *self.taken])
        new = {v: owner.splat(values[v]) for v in kept}
        if self.key is None:
            same = ir.Constant(self.number.type, [self.number.type.element(number)] * owner.lanes)
            self._choose(b.icmp_unsigned("==", self.number, same), new)
            return
        mark = ir.Constant(owner.number_kind, [owner.number_kind.element(number)] * owner.lanes)
        if self.number is None:
            self.best, self.number = new, mark
            self.fresh = None if inside is None else b.not_(inside)
            return
        hit = self._more(new[self.key], self.best[self.key])
        if self.fresh is not None:
            hit = b.or_(hit, self.fresh)
            self.fresh = None if inside is None else b.and_(self.fresh, b.not_(inside))
        hit = owner.and_(inside, hit)
        self._choose(hit, new)
        self.number = b.select(hit, mark, self.number)

    def _choose(self, hit: Any, new: dict[int, Any]) -> None:
        for v, x in new.items():
            self.best[v] = self.builder.select(hit, x, self.best[v]) if v in self.best else x

    def _more(self, x: Any, best: Any) -> Any:
        b, d = self.builder, self.owner.value_type
        if d.category < 2:
            return (b.icmp_signed if d.is_signed else b.icmp_unsigned)(">", x, best)
        return b.or_(b.fcmp_ordered(">", x, best), b.fcmp_unordered("uno", x, x))

    def result(self, store: Any) -> Any:
        """The vector of a result."""
        return self.number if store.op == "window_argmax" else self.best[store.value]


class _Sums:
    """The sum of each lane."""

    number: Any = None

    def __init__(self, owner: GatherCode) -> None:
        self.owner = owner
        self.totals = {s.value: owner.code.zero() for s in owner.windows.stores}

    def add(self, number: int, values: list[Any], inside: Any) -> None:
        """Add an element: `inside` is a mask, None for all lanes."""
        owner, b = self.owner, self.owner.builder
        for v, total in self.totals.items():
            x = owner.splat(values[v])
            x = x if inside is None else b.select(inside, x, owner.code.zero())
            self.totals[v] = owner.plus(total, x)

    def result(self, store: Any) -> Any:
        """The vector of a result."""
        return self.totals[store.value]


class SpreadCode(WindowCode):
    """Results per element: sums over the windows that hold it, or that chose it.

    Element y = stride · i + phase lies in window i + shift for the taps of its phase.
    """

    def __init__(self, builder: ir.IRBuilder, windows: WindowNest,
                 arguments: dict[int, Any]) -> None:
        g = windows.geometry
        self.columns = -(-g.size[-1] // g.stride[-1])
        self.shifts = [self._shifts(d, g) for d in range(len(g.size))]
        super().__init__(builder, windows, arguments)

    @staticmethod
    def _shifts(d: int, g: Geometry) -> list[dict[int, int]]:
        """For each phase of a dimension: tap -> shift, in the order of the windows."""
        found: list[dict[int, int]] = [{} for _ in range(g.stride[d])]
        for k in reversed(range(g.kernel[d])):
            for phase in range(g.stride[d]):
                shift, rest = divmod(phase + g.padding[d] - k * g.dilation[d], g.stride[d])
                if not rest:
                    found[phase][k] = shift
        return found

    def _reach(self, d: int) -> tuple[int, int]:
        """The least and the largest shift of a dimension."""
        shifts = [s for phase in self.shifts[d] for s in phase.values()]
        return min(shifts), max(shifts)

    def rows(self, outer: Row) -> None:
        """Loops over rows of elements, phase by phase."""
        g, d = self.geometry, len(outer)
        if d == len(g.size) - 1:
            self._phases(outer, ())
            return
        low, high = self._reach(d)
        checked = any(c for _, c in outer)
        for i, check in self.pieces(-low, g.out[d] - high, -(-g.size[d] // g.stride[d]), checked):
            self.rows((*outer, (i, check)))

    def _phases(self, outer: Row, phases: Ints) -> None:
        g, code, d = self.geometry, self.code, len(phases)
        if d == len(outer):
            self.row(outer, phases)
            return
        rest = g.size[d] % g.stride[d]
        for phase in range(g.stride[d]):
            place = code.add(code.mul(outer[d][0], g.stride[d]), phase)
            with code.when(code.less(place, g.size[d]) if rest and phase >= rest else True):
                self._phases(outer, (*phases, phase))

    def row(self, outer: Row, phases: Ints) -> None:
        """One row of elements."""
        g, w, code = self.geometry, self.lanes, self.code
        stride = g.stride[-1]
        low, high = self._reach(len(g.size) - 1)
        places = [code.add(code.mul(i, s), p)
                  for (i, _), s, p in zip(outer, g.stride, phases, strict=False)]
        base = self.flat(places, g.size)

        def whole(j: int) -> bool:
            return j + low >= 0 and j + high + w <= g.out[-1] and stride * (j + w) <= g.size[-1]

        def block(column: Index) -> None:
            loads: dict[Any, Any] = {}
            parts = [self.element(outer, phases, column, p, loads) for p in range(stride)]
            target = self.windows.stores[0].target
            for k in range(stride):
                first = code.add(code.mul(column, stride), k * w)
                if isinstance(first, int) and first >= g.size[-1]:
                    break
                self.deliver({target: self.woven(parts, k)}, places, first, code.add(base, first),
                             self.within(first, 1, g.size[-1]))
        self.blocks(whole, block)

    def woven(self, parts: Sequence[Any], k: int) -> Any:
        """Vector k of elements of which the phases are given."""
        w, stride = self.lanes, len(parts)
        return self.pick(parts, [(k * w + i) % stride * w + (k * w + i) // stride
                                 for i in range(w)])

    def element(self, outer: Row, phases: Ints, column: Index, phase: int,
                loads: dict[Any, Any]) -> Any:
        """The elements column · stride + phase of a row."""
        taps = [*[list(self.shifts[d][p].items()) for d, p in enumerate(phases)],
                list(self.shifts[-1][phase].items())]
        total = None
        for choice in product(*taps):
            x = self._addend(outer, column, choice, loads)
            if x is not None:
                total = x if total is None else self.plus(total, x)
        return self.code.zero() if total is None else total

    def _addend(self, outer: Row, column: Index, choice: Any, loads: dict[Any, Any]) -> Any:
        """What the windows give that hold the elements at one tap; None if there are none."""
        g, code = self.geometry, self.code
        places, good = [], True
        for (i, check), (_, shift), n in zip(outer, choice, g.out, strict=False):
            place, fine = self.inside(code.add(i, shift), n, check)
            places.append(place)
            good = code.both(good, fine)
        if good is False:
            return None
        number = 0
        for (k, _), n in zip(choice, g.kernel, strict=True):
            number = number * n + k
        key = tuple(shift for _, shift in choice)
        first = code.add(column, key[-1])
        mask = self.within(first, 1, g.out[-1])
        if key not in loads:
            loads[key] = self._windows(places, first, mask)
        value, chosen = loads[key]
        inside = self.both(mask, good)
        if chosen is not None:
            same = ir.Constant(chosen.type, [chosen.type.element(number)] * self.lanes)
            inside = self.and_(inside, self.builder.icmp_unsigned("==", chosen, same))
        return value if inside is None else self.builder.select(inside, value, code.zero())

    def _windows(self, places: Sequence[Index], first: Index, mask: Any) -> tuple[Any, Any]:
        """The values of a vector of windows, and the places that they chose."""
        code, windows = self.code, self.windows
        values = self.lines(windows.lines, places, lambda line, row: self.load(
            line.source, line.dtype, code.add(row, first), mask))
        chosen = None
        if windows.number is not None:
            at = code.add(self.flat(places, self.geometry.out), first)
            chosen = self.load(windows.number, windows.number_type, at, mask)
        return self.splat(values[windows.stores[0].value]), chosen
