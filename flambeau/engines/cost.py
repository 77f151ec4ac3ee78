"""What a structure costs on the reference engine and what its compilation costs, in seconds.

Both are estimated from counts and sizes alone, so that what is decided by them repeats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..graph import Node

# Of one core: a node, a line of Python and NumPy, an element of an array or of what is taken from
# windows, a multiply-add of a product.
NODE, LINE, ELEMENT, WINDOW, PRODUCT = 15e-6, 2e-6, 1.5e-9, 1.5e-8, 1 / 40e9
# Of the compiler, per different line (products become long unrolled code, others share kernels) and
# per node.
CONTRACTION, OTHER, CALL = 0.1, 0.0064, 1e-3


def estimate(nodes: Sequence[Node]) -> tuple[float, float]:
    """What the reference engine and what the compiler takes for the nodes of a flush."""
    products: set[Any] = set()
    others: set[Any] = set()
    total = 0.0
    for node in nodes:
        if node.template is not None:
            total += NODE + _template(node.template, products, others)
    return total, CONTRACTION * len(products) + OTHER * len(others) + CALL * len(nodes)


def _template(template: Any, products: set[Any], others: set[Any]) -> float:
    """What NumPy takes for a template; notes its lines by what kernels depend on."""
    specs = dict(enumerate(template.input_specs))
    total = LINE * len(template.instrs)
    for instr in template.instrs:
        prim, out = instr.prim, instr.spec
        specs[instr.out] = out
        if prim.kind == "movement":
            continue
        operands = [specs[a] for a in instr.args]
        (products if prim.kind == "contraction" else others).add((prim.name, out, *operands))
        if prim.kind == "contraction":
            total += PRODUCT * multiplications(instr, operands)
        elif "body" in instr.params:
            total += instr.params["length"] * _template(instr.params["body"], products, others)
        else:
            size = sum([s.size for s in (out if type(out) is tuple else (out,))])
            total += size * (WINDOW if prim.kind == "window" else ELEMENT)
    return total


def multiplications(instr: Any, operands: Sequence[Any]) -> int:
    """How many a product or a convolution takes.

    Args:
        instr: its line.
        operands: their specs.
    """
    if instr.prim.name == "dot":
        left = operands[0].shape
        return int(instr.spec.size * math.prod([left[d] for d in instr.params["contract"][0]]))
    kernel, images = {"convolve": (operands[1], instr.spec),
                      "convolve_input": (operands[1], operands[0]),
                      "convolve_weight": (instr.spec, operands[1])}[instr.prim.name]
    return int(images.size * math.prod(kernel.shape[1:]))
