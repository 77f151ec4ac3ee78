"""The functions of a contraction on tiles, and what they share.

`prepare(shared, a, b, begin, end)` makes the terms of the operand that every unit needs.
`main(out, a, b, scratch, begin, end, shared)` computes units of the output, or partial sums.
`finish(out, shared, begin, end, a, b)` makes the output of partial sums.
The first words of the shared memory are flags, the prepared operand follows, then partial sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from llvmlite import ir

from ..machine import Machine
from ..nest import Follow
from ..vector_code import I64, PTR, Index, VectorCode


@dataclass
class Sizes:
    """Units of the three functions (0: there is none), and memory in words."""

    units: int
    prepare_units: int = 0
    finish_units: int = 0
    prepared: int = 0
    partial: int = 0
    scratch: int = 0


class Product(Protocol):
    """A contraction that knows how to write its functions.

    Attributes:
        sizes: units and memory.
        cost: estimated cycles.
        plan: what it does, on one line.
    """

    sizes: Sizes
    cost: float
    plan: str

    def follow(self) -> Follow | None:
        """How units follow the leading dimension; None if they do not."""

    def declare(self, module: ir.Module, name: str, code: VectorCode) -> None:
        """Add the helper functions to the module."""

    def prepare(self, code: VectorCode, shared: Any, a: Any, b: Any, begin: Any,
                end: Any) -> None:
        """Emit the body of `prepare`."""

    def main(self, code: VectorCode, out: Any, a: Any, b: Any, scratch: Any, begin: Any, end: Any,
             shared: Any) -> None:
        """Emit the body of `main`."""

    def finish(self, code: VectorCode, out: Any, shared: Any, begin: Any, end: Any, a: Any,
               b: Any) -> None:
        """Emit the body of `finish`."""


def write(module: ir.Module, name: str, product: Product, machine: Machine) -> None:
    """Write the functions `name`, `name_prepare` and `name_finish` as far as they are needed."""
    element = ir.FloatType()

    def function(name: str, kinds: list[Any]) -> tuple[Any, VectorCode]:
        made = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
        return made.args, VectorCode(ir.IRBuilder(made.append_basic_block("entry")), element,
                                     machine)
    args, code = function(name, [PTR] * 4 + [I64, I64, PTR])
    product.declare(module, name, code)
    product.main(code, *args)
    code.builder.ret_void()
    if product.sizes.prepare_units:
        args, code = function(f"{name}_prepare", [PTR] * 3 + [I64, I64])
        product.prepare(code, *args)
        code.builder.ret_void()
    if product.sizes.finish_units:
        args, code = function(f"{name}_finish", [PTR] * 2 + [I64, I64, PTR, PTR])
        product.finish(code, *args)
        code.builder.ret_void()


def flag_at(code: VectorCode, shared: Any, number: Index) -> Any:
    """Pointer to one of the flags at the beginning of shared memory."""
    return code.builder.gep(shared, [code.value(number)], source_etype=I64)


def flagged(code: VectorCode, shared: Any, count: int) -> Any:
    """Whether any of the first `count` flags is set."""
    b = code.builder
    total = code.repeat(count, [I64(0), I64(0)], lambda c: [
        b.add(c[0], I64(1)), b.or_(c[1], b.load(flag_at(code, shared, c[0]), typ=I64))])[1]
    return b.icmp_unsigned("!=", total, I64(0))
