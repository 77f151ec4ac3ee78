"""The primitives, by kind, and the arithmetic of symbolic values that composites are written in."""

from . import arithmetic, contraction, elementwise, gather, loop, movement, reduction, sort, window
from .define import Instr, Primitive, Sym, Template, Trace, trace
from .derivative import Vjp, inline, vjp_of

__all__ = ["Instr", "Primitive", "Sym", "Template", "Trace", "Vjp", "arithmetic", "contraction",
           "elementwise", "gather", "inline", "loop", "movement", "reduction", "sort", "trace",
           "vjp_of", "window"]
