"""The nest of a general product of two arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .machine import Machine
from .nest import Axis, Nest, Tap
from .packing import PanelStage, RegionAxis, RegionStage
from .tiling import Model, choose_tiles, even_block, even_reduction, split_reduction, spread

Dim = tuple[int, int, int, int]  # size, stride in a, in b, in the output


def merged(dims: Sequence[Dim]) -> list[Dim]:
    """Without extents of one, neighbours joined where all strides continue."""
    done: list[Dim] = []
    for size, *strides in dims:
        if size == 1:
            continue
        if done and all(p == s * size for p, s in zip(done[-1][1:], strides, strict=True)):
            done[-1] = (done[-1][0] * size, strides[0], strides[1], strides[2])
        else:
            done.append((size, strides[0], strides[1], strides[2]))
    return done


def _strides(shape: Sequence[int]) -> list[int]:
    return [math.prod(shape[i + 1:]) for i in range(len(shape))]


Dims = tuple[list[Dim], list[Dim], list[Dim], list[Dim]]


def dot_dims(shapes: Sequence[tuple[int, ...]], strides: Sequence[Sequence[int]],
             params: dict[str, Any]) -> Dims:
    """The batch, row, column and reduced dimensions of a product, merged where they can be."""
    (contract_a, contract_b), (batch_a, batch_b) = params["contract"], params["batch"]
    a, b = shapes
    free_a = [d for d in range(len(a)) if d not in (*contract_a, *batch_a)]
    free_b = [d for d in range(len(b)) if d not in (*contract_b, *batch_b)]
    out = _strides([a[d] for d in batch_a] + [a[d] for d in free_a] + [b[d] for d in free_b])
    sa, sb = strides
    batch = merged([(a[i], sa[i], sb[j], o) for i, j, o in
                    zip(batch_a, batch_b, out[:len(batch_a)], strict=True)])
    m = merged([(a[i], sa[i], 0, o) for i, o in
                zip(free_a, out[len(batch_a):len(batch_a) + len(free_a)], strict=True)])
    n = merged([(b[j], 0, sb[j], o) for j, o in
                zip(free_b, out[len(batch_a) + len(free_a):], strict=True)])
    pairs = [(a[i], sa[i], sb[j], 0) for i, j in zip(contract_a, contract_b, strict=True)]
    k = merged(sorted(pairs, key=lambda p: (-p[1], -p[2])))
    columns = max(1, math.prod(b[d] for d in free_b))
    return batch, m or [(1, 0, 0, columns)], n or [(1, 0, 0, 1)], k


def dot_nest(shapes: Sequence[tuple[int, ...]], strides: Sequence[Sequence[int]],
             params: dict[str, Any], machine: Machine, itemsize: int) -> Nest:
    """The cheapest nest for `dot`.

    Args:
        shapes: of the two operands.
        strides: of the two operands, in elements.
        params: `contract` and `batch` of the primitive.
        machine: the processor.
        itemsize: bytes of an element.
    """
    batch, m, n, k = dot_dims(shapes, strides, params)
    columns = math.prod(size for size, *_ in n)
    candidates = [_nest(batch, m, n, k, columns, machine, itemsize, lanes_n, dotted)
                  for lanes_n in (True, False) for dotted in (False, True)
                  if not dotted or (k and k[-1][1] == k[-1][2] == 1 and lanes_n)]
    return cheapest(candidates)


def cheapest(candidates: Sequence[tuple[float, Nest]]) -> Nest:
    """The nest that costs least, its cost noted."""
    cost, nest = min(candidates, key=lambda pair: pair[0])
    nest.cost = cost
    return nest


def _nest(batch: list[Dim], m: list[Dim], n: list[Dim], k: list[Dim], columns: int,
          machine: Machine, itemsize: int, lanes_n: bool, dotted: bool) -> tuple[float, Nest]:
    def axes(dims: list[Dim]) -> list[Axis]:
        return [Axis(size, b if lanes_n else a, a if lanes_n else b, o).in_place()
                for size, a, b, o in dims]
    lanes, rows = (axes(n), axes(m)) if lanes_n else (axes(m), axes(n))
    nest = Nest(lanes, rows, axes(k) if k else [Axis(1).in_place()], [Tap(0, 0)], columns,
                axes(batch), dotted=dotted, swapped=lanes_n, masked=True)
    depth = math.prod(a.size for a in nest.reduction)
    if depth == 0:
        nest.taps, nest.reduction = [], []
    direct = lanes_n or columns == 1
    lane_count, row_count = math.prod(a.size for a in lanes), math.prod(a.size for a in rows)
    model = Model(machine, itemsize, depth, 1, 1.0 if direct else 5.0, 1.0, dotted)
    if dotted:
        model.load, model.store = 1.3, 10.0
    cost = choose_tiles(nest, model)
    for axis in [*nest.batch]:
        axis.block = 1
    for axis in [*nest.lanes, *nest.rows, *nest.reduction]:
        axis.block = axis.size
    copies = math.prod(a.size for a in nest.batch)
    work = float(depth * lane_count * row_count * copies)
    if dotted or depth == 0:
        _small_blocks(nest, work)
        return cost, nest
    if _in_panels(nest):
        _small_blocks(nest, work, True)
        return cost, nest
    single = math.prod(a.tile for a in rows) >= row_count
    if single and lanes[-1].v_source == 1:
        far = 1.5 if depth * lane_count * itemsize > machine.l1 else 1.0
        cost += copies * depth * lane_count / model.lanes * (far - 1.0)
        _small_blocks(nest, work)
        return cost, nest
    cost += copies * depth * lane_count / model.lanes * (
        2.5 if lanes[-1].v_source == 1 else 4.0 if nest.reduction[-1].v_source == 1 else 20.0)
    _blocks(nest, machine, itemsize, work)
    return cost, nest


def _in_panels(nest: Nest) -> bool:
    """Whether V lies as packing would lay it: what a tile reads is one stretch of memory."""
    last, reduction = nest.lanes[-1], nest.reduction
    return (len(reduction) == 1 and last.v_source == 1 and last.tile >= last.size
            and reduction[0].v_source == last.size)


def _small_blocks(nest: Nest, work: float, panels: bool = False) -> None:
    for axis in nest.lanes[:-1]:
        axis.block = axis.tile if panels or axis.tile == 1 else axis.size
    nest.lanes[-1].block = even_block(nest.lanes[-1], 256)
    for axis in nest.rows:
        axis.block = even_block(axis, 256)
    spread(nest, [nest.lanes[-1], *nest.rows], work)
    if nest.reduction and nest.reduction[0].size > 4096:
        nest.reduction[0].block = even_reduction(nest.reduction[0].size, 1024, 64)
        split_reduction(nest, work)


def _blocks(nest: Nest, machine: Machine, itemsize: int, work: float) -> None:
    lanes, rows, reduction = nest.lanes, nest.rows, nest.reduction
    inner = math.prod(a.size for a in reduction[1:])
    most = 0.125 * machine.l2 / (64 * itemsize) / inner
    if reduction[0].size > most:  # then a panel shall stay in the first cache
        most = 0.67 * machine.l1 / (lanes[-1].tile * itemsize) / inner
    reduction[0].block = even_reduction(reduction[0].size, max(most, 1), 8 if inner == 1 else 1)
    depth = reduction[0].block * inner
    several = reduction[0].blocks() > 1
    budget = (0.35 if several else 0.45) * machine.l2 / (depth * itemsize)
    for axis in lanes[:-1]:
        axis.block = axis.tile
    lanes[-1].block = even_block(lanes[-1], min(budget, 1024))
    budget = max((0.35 if several else 0.25) * machine.l2 / (depth * itemsize), 32)
    inside = 1
    for axis in reversed(rows):
        axis.block = even_block(axis, max(1, budget // inside)) if axis.tile <= axis.size else 1
        inside *= axis.block
    if reduction[0].blocks() >= 8:
        split_reduction(nest, work)
    spread(nest, [*reversed(rows), lanes[-1]], work)
    width = machine.vector_bytes // itemsize
    nest.v_stage = PanelStage(nest.batch, lanes, reduction, nest.taps, width)
    nest.unaligned = False
    _stage_rows(nest, itemsize)


def _stage_rows(nest: Nest, itemsize: int) -> None:
    """Copy S where its strides would fall on few cache sets, or on one page per step."""
    if len(nest.rows) > 1 or len(nest.reduction) > 1:
        return
    row, k = nest.rows[0], nest.reduction[0]
    far = 1024
    if k.s_source == 1 and row.s_source * itemsize % far == 0 and row.size > 8 and k.size > 16:
        order = [RegionAxis(row, row.s_source), RegionAxis(k, 1)]
    elif row.s_source == 1 and k.s_source * itemsize >= far and k.size > 16:
        order = [RegionAxis(k, k.s_source), RegionAxis(row, 1)]
    else:
        return
    nest.s_stage = RegionStage([(a, a.s_source) for a in nest.batch], order)
    for item in order:
        item.axis.s = item.target
