"""Segments: consecutive nests as one native function, run by all threads, barriers where needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from ..ops.loop import scan
from . import contraction_call, special_loops, verify
from .blocks import BlockedFunction, Member, chains
from .contraction_call import ContractionFunction
from .figures import figures
from .fuse import Call
from .kernels import Kernels
from .llvm import I64, VOID, NestFunction, memory_type, register_type, takes
from .loops import Nest
from .lowering import lower_all
from .program import Program
from .row_code import RowFunction
from .rows import Lowered, Rows
from .special_loops import SpecialFunction, counted
from .sums import ContractionSum, NestSum
from .time_loop import LoopFunction, LoopWriter, can_loop, copy_bytes, loop_body, wanted_results
from .vector_code import PTR
from .waves import moment, waves
from .window_code import WindowFunction
from .window_nest import WindowNest

SPINS = 4096  # looks at a barrier before a waiting thread gives its CPU away


class Segment:
    """One native function `void name(table, thread, threads)`.

    The table holds one 64-bit word per value: an address, or the bits of a number.

    Attributes:
        values: value numbers in the order of the table.
        read, written: value numbers that the nests load and store.
        work: rough count of scalar operations.
        kernels: facts about each function, for reports.
        waves: functions without a barrier between them; order: what each wave touches and writes.
        scratch, shared: bytes of working memory that contractions need, per thread and in common.
    """

    _KEPT = ("name", "read", "written", "values", "work", "kernels", "order", "scratch", "shared")

    def __init__(self, name: str, functions: list[Any], program: Program) -> None:
        self.name = name
        self.functions = functions
        self.written = list(dict.fromkeys(v for f in functions for v in f.written))
        reads = [v for f in functions for v in (*f.buffers, *f.numbers)]
        self.read = list(dict.fromkeys(reads))
        self.values = list(dict.fromkeys([*self.read, *self.written]))
        self.work = sum(f.work for f in functions)
        self.kernels = [figures(part, program.specs) for f in functions
                        for part in (f.functions if isinstance(f, BlockedFunction) else [f])]
        self.waves = waves(functions)
        self.order = [moment(wave) for wave in self.waves]
        self.scratch = max((-(-getattr(f, "scratch", 0) // 64) * 64 for f in functions), default=0)
        self.shared = max((getattr(f, "shared", 0) for f in functions), default=0)
        self.function: Any = None
        self.run_threads: Any = None

    def facts(self) -> dict[str, Any]:
        """What a later process needs to run the same object code, as plain values."""
        return {name: getattr(self, name) for name in self._KEPT}

    @classmethod
    def restored(cls, facts: dict[str, Any]) -> Segment:
        """The segment that gave these facts; its functions exist as object code only."""
        self = cls.__new__(cls)
        self.functions, self.waves = [], []
        self.function = self.run_threads = None
        for name in cls._KEPT:
            setattr(self, name, facts[name])
        return self

    def prepare(self, arena: Any, program: Program) -> None:
        """Fill in the addresses that never change; list what each run must look up."""
        # four more words: scratch memory, shared scratch, the barrier's counter, the error report
        self.table = np.zeros(len(self.values) + 4, np.int64)
        self.words = self.table.data
        self.numbers = self.table.view(np.float64).data
        self.address = self.table.__array_interface__["data"][0]
        self.address_of = arena.address_of
        self.lookups: list[tuple[int, int]] = []
        self.results: list[tuple[int, int, Any]] = []
        self.scalars: list[tuple[int, int, Any, Any]] = []
        self.table[-4:-2] = arena.scratch(self.scratch, self.shared)
        written = set(self.written)
        for k, v in enumerate(self.values):
            spec = program.specs[v]
            if spec.weak:
                floating = spec.dtype.category >= 2
                self.scalars.append((k, v, *((self.numbers, float) if floating else
                                             (self.words, int))))
            elif v in arena.places:
                self.table[k] = arena.address(v)
            elif v in written:
                self.results.append((k, v, arena.result(spec)))
            else:
                self.lookups.append((k, v))

    def run(self, values: dict[int, Any]) -> None:
        """Run the nests on the given arrays and numbers; adds the arrays that it makes."""
        words, address_of = self.words, self.address_of
        keep = []
        for k, v in self.lookups:
            address = address_of(values[v])
            if address < 0:
                keep.append(np.ascontiguousarray(values[v]))
                address = address_of(keep[-1])
            words[k] = address
        for k, v, result in self.results:
            if v in values:  # an earlier segment wrote a piece of it
                words[k] = address_of(values[v])
            else:
                values[v], words[k] = result.take()
        for k, v, target, kind in self.scalars:
            target[k] = kind(values[v])
        words[-2] = 0  # the barrier starts anew: the number of threads may have changed
        self.run_threads(self.function, self.address, self.work)
        del keep
        if words[-1]:
            words[-1] = 0
            raise IndexError("index out of range in compiled code")


class SegmentWriter:
    """Collects nests into segments: a module of drivers, and the kernels that these call.

    Args:
        program: what the functions compute.
        kernels: where the kernels of the plan come from.
    """

    def __init__(self, program: Program, kernels: Kernels) -> None:
        self.program = program
        self.kernels = kernels
        self.module = ir.Module("drivers")
        self.stages: list[Any] = []
        self.pending: list[Any] = []
        self.count = 0

    def add(self, function: Any) -> None:
        """Append a function to the open segment."""
        self.pending.append(function)

    def function(self, step: Lowered | Rows, program: Program) -> Any:
        """The function of loops or of a primitive; None if it has no native code."""
        if isinstance(step, Nest):
            return self._nest(step, program)
        if isinstance(step, Rows):
            return self._rows(step, program)
        if isinstance(step, WindowNest):
            return self._pass(step, program)
        instr, specs = step.instr, program.specs
        name = f"{instr.prim.name}{self.count}"
        if special_loops.takes(instr, specs):
            return self._made(SpecialFunction(self.kernels, name, instr, specs))
        if contraction_call.takes(instr, specs):
            return self._made(ContractionFunction(self.kernels, name, instr, program))
        return self._loop(name, instr, program) if instr.prim is scan else None

    def _nest(self, nest: Nest, program: Program) -> NestFunction:
        if verify.ON:
            verify.check_nest(nest, program.specs)
        made: NestFunction = self._made(NestFunction(self.kernels, f"nest{self.count}", nest))
        return made

    def _rows(self, rows: Rows, program: Program) -> RowFunction:
        if verify.ON:
            verify.check_rows(rows, program.specs)
        made: RowFunction = self._made(RowFunction(self.kernels, f"rows{self.count}", rows))
        return made

    def _pass(self, windows: WindowNest, program: Program) -> WindowFunction:
        if verify.ON:
            verify.check_windows(windows, program.specs)
        name = f"windows{self.count}"
        made: WindowFunction = self._made(WindowFunction(self.kernels, name, windows))
        return made

    def _made(self, function: Any) -> Any:
        self.count += 1
        return function

    def _loop(self, name: str, instr: Any, program: Program) -> LoopFunction | None:
        """A scan, if all of its body has native code."""
        if not can_loop(instr):
            return None
        items = {i.params["index"]: i.out for i in program.users()[instr.out]}
        body = loop_body(instr, wanted_results(instr.params["carries"], items))
        functions = [self.function(step, body)
                     for step in lower_all(body, lambda i: takes(i, body.specs))]
        return LoopFunction(name, instr, items, body, functions, program.specs)

    def call(self, step: Any) -> None:
        """Append a primitive that runs between segments."""
        self.close()
        self.stages.append(step)

    def close(self) -> None:
        """End the open segment."""
        if self.pending:
            self.stages.append(self.pending)
            self.pending = []

    def finish(self) -> None:
        """Make segments of the collected functions: chains by blocks of the batch, drivers."""
        self.close()
        touching: dict[int, set[int]] = {v: {0} for v in self.program.outputs}
        for stage in self.stages:
            for f in stage if isinstance(stage, list) else []:
                for v in f.buffers:
                    touching.setdefault(v, set()).add(id(f))
            for v in stage.instr.args if isinstance(stage, Call) else []:
                touching.setdefault(v, set()).add(0)
        specs = self.program.specs
        sizes = {v: specs[v].size for v in touching if not isinstance(specs[v], tuple)}
        for n, stage in enumerate(self.stages):
            if isinstance(stage, list):
                made = chains(stage, sizes, lambda mine, v: not touching[v] <= mine,
                              self.kernels)
                segment = Segment(f"segment{n}", made, self.program)
                self._driver(segment)
                self.stages[n] = segment
        called = self.module.globals  # a chain has sums of its own in place of ordinary functions
        self.kernels.all = [k for k in self.kernels.all if k.symbol in called]

    def _driver(self, segment: Segment) -> None:
        kind = ir.FunctionType(VOID, [I64.as_pointer(), I64, I64])
        function = ir.Function(self.module, kind, segment.name)
        b = ir.IRBuilder(function.append_basic_block("entry"))
        table, thread, threads = function.args
        place = {v: k for k, v in enumerate(segment.values)}
        extra = [b.gep(table, [ir.Constant(I64, len(segment.values) + k)]) for k in range(4)]
        counter, error = extra[2:]

        def word(v: int) -> Any:
            return b.load(b.gep(table, [ir.Constant(I64, place[v])]))
        own = b.add(b.load(extra[0]), b.mul(thread, ir.Constant(I64, segment.scratch)))
        frame = _Frame(b, own, counter, error, thread, threads)
        for n, wave in enumerate(segment.waves):
            if n:
                self._wait(frame)
            for f in wave:
                self._run(frame, f, word, b.load(extra[1]))
        b.ret_void()

    def _run(self, frame: _Frame, f: Any, word: Any, shared: Any) -> None:
        """Run a function on values that `word` finds: each thread its share."""
        if isinstance(f, BlockedFunction):
            self._blocks(frame, f, word, shared)
        elif isinstance(f, LoopFunction):
            self._steps(frame, f, word, shared)
        elif isinstance(f, ContractionFunction):
            if f.prepare_units and not f.fixed:
                self._prepare(frame, f, word, shared)
                self._wait(frame)
            self._contraction(frame, f, word, shared, frame.share(f.units))
            if f.finish_units:
                self._wait(frame)
                self._finish(frame, f, word, shared)
        else:
            self._plain(frame, f, word, [], frame.share(f.units))

    def _plain(self, frame: _Frame, f: Any, word: Any, more: list[Any],
               part: tuple[Any, Any]) -> None:
        """Call units of a nest or a primitive's loops."""
        b = frame.b
        arguments = [b.inttoptr(word(v), memory_type(f.dtypes[v]).as_pointer()) for v in f.buffers]
        for v in f.numbers:
            bits = word(v)
            target = register_type(f.dtypes[v])
            if f.dtypes[v].category >= 2:
                arguments.append(b.bitcast(bits, target))
            else:
                arguments.append(b.trunc(bits, target) if target.width < 64 else bits)
        if isinstance(f, SpecialFunction):
            arguments.append(frame.error)
        self._call(b, f.kernel.symbol, [*arguments, *more, *part])

    def _steps(self, frame: _Frame, f: LoopFunction, word: Any, shared: Any) -> None:
        """A loop over time: a barrier after each function of a step, and copies at the end."""
        loop = LoopWriter(frame.b, f, word, shared)

        def common(function: Any) -> Any:
            return frame.b.add(shared, ir.Constant(I64, f.prepared.get(function, f.working)))

        def emit(function: Any, at: Any) -> None:
            self._run(frame, function, at, common(function))
            self._wait(frame)

        def prepare(constants: dict[int, Any]) -> None:
            for function in f.prepared:
                matrix = constants[function.operands[1]]  # all that is read of a fixed product
                self._prepare(frame, function, lambda v, matrix=matrix: matrix, common(function))
            self._wait(frame)
        loop.write(emit, prepare)
        for target, source, size in loop.copies():
            copy_bytes(frame.b, target, source, *frame.share(size))

    def _wait(self, frame: _Frame) -> None:
        frame.b.call(self._barrier(), [frame.counter, frame.threads])

    def _blocks(self, frame: _Frame, f: BlockedFunction, word: Any, shared: Any) -> None:
        """A chain: what its contractions prepare, then each thread its blocks."""
        b = frame.b

        def whole(v: int) -> Any:  # preparing reads only what is there whole
            return I64(0) if v in f.inner else word(v)
        places = {k: b.add(shared, I64(offset)) for k, offset in f.prepared.items()}
        for k, place in places.items():
            self._prepare(frame, f.functions[k], whole, place)
        if places:
            self._wait(frame)
        begin, end = frame.share(f.parts)
        with counted(b, begin, end) as part:
            start = b.mul(part, I64(f.per_part))
            stop = _least(b, b.add(start, I64(f.per_part)), f.blocks)
            with counted(b, start, stop) as block:
                fresh = b.zext(b.icmp_signed("==", block, start), I64)
                self._block(frame, f, word, shared, (part, block, fresh))
        self._combine(frame, f, word, shared)

    def _block(self, frame: _Frame, f: BlockedFunction, word: Any, shared: Any,
               where: tuple[Any, Any, Any]) -> None:
        """One block: number of its part, its own number, whether it begins the part."""
        b = frame.b
        part, block, fresh = where
        first = b.mul(block, I64(f.block))
        last = _least(b, b.add(first, I64(f.block)), f.batch)
        own = b.add(frame.scratch, I64(f.own))

        def at(v: int) -> Any:
            if v not in f.inner:
                return word(v)
            back = b.mul(first, I64(f.nbytes(v)))
            return b.sub(b.add(own, I64(f.inner[v])), back)

        for k, m in enumerate(f.members):
            g, units = m.function, _units(b, m, first, last)

            def result(v: int, g: Any = g) -> Any:
                if v not in f.partial:
                    return at(v)
                back = b.mul(part, I64(f.part_bytes(g, v)))
                return b.add(b.add(shared, I64(f.partial[v])), back)
            if isinstance(g, ContractionSum):
                self._call(b, g.kernel.symbol, [
                    b.inttoptr(result(g.written[0]), PTR), *self._operands(frame, g, at),
                    b.inttoptr(frame.scratch, PTR), I64(0), I64(g.units), *units, fresh])
            elif isinstance(g, ContractionFunction):
                common = b.add(shared, I64(f.prepared[k])) if k in f.prepared else shared
                self._contraction(frame, g, at, common, units)
            else:
                self._plain(frame, g, result, ([fresh] if isinstance(g, NestSum) else []), units)

    def _combine(self, frame: _Frame, f: BlockedFunction, word: Any, shared: Any) -> None:
        """Combine the partial results of a chain."""
        b = frame.b
        if f.partial:
            self._wait(frame)
        for g in f.functions:
            if isinstance(g, NestSum):
                for finish in g.finish:
                    place = b.add(shared, I64(f.partial[finish.written[0]]))
                    self._plain(frame, finish, lambda v, place=place: place if v < 0 else word(v),
                                [], frame.share(finish.units))
            elif isinstance(g, ContractionSum):
                place = b.add(shared, I64(f.partial[g.written[0]]))
                self._call(b, g.kernel.symbol + "_finish",
                           [b.inttoptr(word(g.written[0]), PTR), b.inttoptr(place, PTR),
                            *frame.share(g.finish_units)])

    def _operands(self, frame: _Frame, f: ContractionFunction | ContractionSum,
                  word: Any) -> list[Any]:
        return [frame.b.inttoptr(word(v), PTR) for v in f.operands]

    def _prepare(self, frame: _Frame, f: ContractionFunction, word: Any, shared: Any) -> None:
        """Have a contraction on tiles prepare the operand that all units need."""
        self._call(frame.b, f.kernel.symbol + "_prepare",
                   [frame.b.inttoptr(shared, PTR), *self._operands(frame, f, word),
                    *frame.share(f.prepare_units)])

    def _contraction(self, frame: _Frame, f: ContractionFunction, word: Any, shared: Any,
                     part: tuple[Any, Any]) -> None:
        """Call units of a contraction."""
        b = frame.b
        out = (b.add(shared, I64(f.prepared)) if f.finish_units else word(f.written[0]))
        common = [b.inttoptr(shared, PTR)] if f.prepare_units else []
        self._call(b, f.kernel.symbol, [b.inttoptr(out, PTR), *self._operands(frame, f, word),
                                        b.inttoptr(frame.scratch, PTR), *part, *common])

    def _finish(self, frame: _Frame, f: ContractionFunction, word: Any, shared: Any) -> None:
        """Make the output of what several units of a contraction left."""
        b = frame.b
        operands = self._operands(frame, f, word) if f.prepare_units else []
        self._call(b, f.kernel.symbol + "_finish",
                   [b.inttoptr(word(f.written[0]), PTR), b.inttoptr(shared, PTR),
                    *frame.share(f.finish_units), *operands])

    def _call(self, b: ir.IRBuilder, symbol: str, arguments: list[Any]) -> None:
        """Call a function of a kernel, which lies in other object code."""
        function = self.module.globals.get(symbol)
        if function is None:
            kind = ir.FunctionType(VOID, [a.type for a in arguments])
            function = ir.Function(self.module, kind, symbol)
        b.call(function, arguments)

    def _barrier(self) -> Any:
        """`void barrier(counter, threads)`: every thread waits until all have come."""
        found = self.module.globals.get("barrier")
        if found is not None:
            return found
        function = ir.Function(self.module, ir.FunctionType(VOID, [I64.as_pointer(), I64]),
                               "barrier")
        function.linkage = "internal"
        counter, threads = function.args
        entry, wait, done = (function.append_basic_block(n) for n in ("entry", "wait", "done"))
        b = ir.IRBuilder(entry)
        alone = b.icmp_signed("==", threads, ir.Constant(I64, 1))
        come = function.append_basic_block("come")
        b.cbranch(alone, done, come)
        b.position_at_end(come)
        ticket = b.atomic_rmw("add", counter, ir.Constant(I64, 1), "seq_cst")
        rounds = b.add(b.sdiv(ticket, threads), ir.Constant(I64, 1))
        target = b.mul(rounds, threads)
        b.branch(wait)
        b.position_at_end(wait)
        spins = b.phi(I64)
        spins.add_incoming(ir.Constant(I64, 0), come)
        now = b.load_atomic(counter, "acquire", 8)
        tired = b.icmp_signed(">", spins, ir.Constant(I64, SPINS))
        with b.if_then(tired, likely=False):
            b.call(self._yield(), [])
        spins.add_incoming(b.add(spins, ir.Constant(I64, 1)), b.block)
        b.cbranch(b.icmp_signed(">=", now, target), done, wait)
        b.position_at_end(done)
        b.ret_void()
        return function

    def _yield(self) -> Any:
        found = self.module.globals.get("sched_yield")
        return found or ir.Function(self.module, ir.FunctionType(ir.IntType(32), []),
                                    "sched_yield")


def _units(b: ir.IRBuilder, m: Member, first: Any, last: Any) -> tuple[Any, Any]:
    """The units of a function for images [first, last); `first` begins a step."""
    many, per = I64(m.images.numerator), I64(m.images.denominator)
    begin = b.sdiv(b.mul(first, per), many)
    end = b.sdiv(b.add(b.mul(last, per), I64(m.images.numerator - 1)), many)
    begin, end = (b.mul(x, I64(m.steps.units)) for x in (begin, end))
    return begin, _least(b, end, m.steps.count * m.steps.units)


def _least(b: ir.IRBuilder, x: Any, bound: int) -> Any:
    return b.select(b.icmp_signed("<", x, I64(bound)), x, I64(bound))


@dataclass
class _Frame:
    """What all calls in a driver share: where to emit, memory of the thread, who it is."""

    b: ir.IRBuilder
    scratch: Any
    counter: Any
    error: Any
    thread: Any
    threads: Any

    def share(self, units: int) -> tuple[Any, Any]:
        """The part [begin, end) of `units` that falls to the thread."""
        b = self.b

        def cut(t: Any) -> Any:
            return b.sdiv(b.mul(t, ir.Constant(I64, units)), self.threads)
        return cut(self.thread), cut(b.add(self.thread, ir.Constant(I64, 1)))
