"""The nests of convolution and its two adjoints.

A spatial dimension is a line of positions j with taps t: position j reads image coordinate
j·step + offset(t) and writes output coordinate j. The adjoint in the input of a
convolution with stride s is s such lines per dimension (phases), each with its own taps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .finish import Weave
from .machine import Machine
from .matmul import cheapest, dot_nest
from .nest import Axis, Clip, Nest, Tap
from .packing import PanelStage, RegionAxis, RegionStage, Window
from .tiling import (
    LARGEST_BODY,
    UNALIGNED,
    Model,
    choose_tiles,
    even_block,
    even_reduction,
    split_reduction,
    spread,
)

Strides = tuple[int, ...]


@dataclass
class Line:
    """One spatial dimension of one phase.

    Attributes:
        count: positions.
        step: image coordinates from position to position.
        offsets: image coordinate of each tap at position 0, ascending evenly.
        weights: each tap's index in the kernel, evenly spaced.
        size: extent of the image.
        image: stride of the image; kernel: stride of the kernel; out: stride of the output.
    """

    count: int
    step: int
    offsets: list[int]
    weights: list[int]
    size: int
    image: int
    kernel: int
    out: int

    @property
    def pace(self) -> int:
        """Image coordinates from tap to tap."""
        return self.offsets[1] - self.offsets[0] if len(self.offsets) > 1 else 0

    @property
    def kernel_pace(self) -> int:
        """Kernel elements from tap to tap."""
        return (self.weights[1] - self.weights[0]) * self.kernel if len(self.weights) > 1 else 0

    def window(self) -> Window:
        """How positions read the image."""
        return Window(self.step, self.offsets[-1] - self.offsets[0], self.offsets[0], self.size)

    def inside(self) -> bool:
        """Whether no position reads over the border."""
        return (self.offsets[0] >= 0
                and self.offsets[-1] + (self.count - 1) * self.step < self.size)


@dataclass
class Image:
    """Sizes and strides around a convolution; channels are per group.

    Attributes:
        images: batch size; groups: groups.
        channels: of the image that is read; outputs: channels that are written; both per group.
        image: strides (image, channel) of what is read; kernel: strides (group, output, channel).
        out: strides (image, channel) of what is written; columns: positions written.
    """

    images: int
    groups: int
    channels: int
    outputs: int
    image: tuple[int, int]
    kernel: tuple[int, int, int]
    out: tuple[int, int]
    columns: int


def merge(lines: list[Line]) -> list[Line]:
    """Dimensions without windows that continue one another become one."""
    done: list[Line] = []
    for line in lines:
        last = done[-1] if done else None
        plain = [x for x in (last, line) if x is not None and x.offsets == [0] and x.step == 1
                 and x.count == x.size]
        if last is not None and len(plain) == 2 and last.image == line.image * line.size and (
                last.out == line.out * line.size):
            begin = last.weights[0] * last.kernel + line.weights[0] * line.kernel
            done[-1] = Line(last.count * line.count, 1, [0], [1], last.size * line.size,
                            line.image, begin, line.out)
        else:
            done.append(line)
    return done


def convolution_nests(prim: str, shapes: Sequence[tuple[int, ...]], strides: Sequence[Strides],
                      params: dict[str, Any], machine: Machine, itemsize: int,
                      plain: bool) -> Result:
    """The nests of a convolution or adjoint.

    Args:
        prim: the primitive's name.
        shapes: of its two operands.
        strides: of its two operands, in elements.
        params: its parameters.
        machine: the processor.
        itemsize: bytes of an element.
        plain: whether values are stored as they are, without an epilogue.
    """
    product = as_product(prim, shapes, strides, params) if plain else None
    if product is not None:
        a, b, contract, columns, size, flipped = product
        if not size:
            return Result([], 0, 0)
        nest = dot_nest((a[0], b[0]), (a[1], b[1]), {"contract": contract, "batch": ((), ())},
                        machine, itemsize)
        nest.columns, nest.swapped = columns, nest.swapped != flipped
        return Result([nest], size, 2 * size * math.prod(a[0][d] for d in contract[0]))
    return convolution_form(prim, shapes, strides, params, _Choice(machine, itemsize))


def convolution_form(prim: str, shapes: Sequence[tuple[int, ...]], strides: Sequence[Strides],
                     params: dict[str, Any], choice: Any) -> Result:
    """A convolution or adjoint as images and lines, for which `choice` finds the nests.

    Args:
        prim, shapes, strides, params: as above.
        choice: has `windows(image, lines)` and `weights(image, lines)`.
    """
    build = {"convolve": _forward, "convolve_input": _input, "convolve_weight": _weight}[prim]
    return build(shapes, strides, params, choice)


@dataclass
class Result:
    """The nests of a convolution, the output's size, the flops, and the second pass if any."""

    nests: list[Nest]
    size: int
    flops: int
    finish: Weave | None = None


Operand = tuple[tuple[int, ...], tuple[int, ...]]  # shape, strides


def as_product(prim: str, shapes: Any, strides: Any, params: dict[str, Any]) -> tuple[
        Operand, Operand, tuple[tuple[int, ...], tuple[int, ...]], int, int, bool] | None:
    """A convolution whose kernel lies once on the whole image, as a plain product.

    Returns:
        The two operands, what they contract, the output's columns and size, whether the operands
        changed places; None if it is no product.
    """
    first, second = shapes
    if prim == "convolve":
        image, kernel, ones = first[2:], second[2:], first[:0]
    elif prim == "convolve_input":
        image, kernel, ones = params["size"], second[2:], first[2:]
    else:
        image, kernel, ones = first[2:], params["kernel"], second[2:]
    if (tuple(image) != tuple(kernel) or params["groups"] != 1 or any(n != 1 for n in ones)
            or any(pair != (0, 0) for pair in params["padding"])
            or any(d > 1 < k for d, k in zip(params["dilation"], kernel, strict=True))):
        return None
    taps = math.prod(kernel)
    a, b = (shapes[0], strides[0]), (shapes[1], strides[1])
    if prim == "convolve":
        inner = tuple(range(1, len(first)))
        return a, b, (inner, inner), 1, first[0] * second[0], False
    if prim == "convolve_input":
        a = (a[0][:2], a[1][:2])
        return a, b, ((1,), (0,)), taps, first[0] * second[1] * taps, False
    g = (b[0][:2], b[1][:2])
    return g, a, ((0,), (0,)), first[1] * taps, second[1] * first[1] * taps, True


def _row_major(shape: Sequence[int]) -> list[int]:
    return [math.prod(shape[i + 1:]) for i in range(len(shape))]


def _positions(size: Sequence[int], kernel: Sequence[int], params: dict[str, Any]) -> list[int]:
    return [(s + lo + hi - d * (k - 1) - 1) // t + 1 for s, k, t, (lo, hi), d in
            zip(size, kernel, params["stride"], params["padding"], params["dilation"],
                strict=True)]


def _forward(shapes: Any, strides: Any, params: dict[str, Any],
             choice: Any) -> Result:
    (x, w), (sx, sw) = shapes, strides
    groups = params["groups"]
    counts = _positions(x[2:], w[2:], params)
    out_shape = (x[0], w[0], *counts)
    out = _row_major(out_shape)
    lines = []
    for i, (step, (low, _), pace) in enumerate(zip(params["stride"], params["padding"],
                                                   params["dilation"], strict=True)):
        taps = range(w[2 + i])
        lines.append(Line(counts[i], step, [t * pace - low for t in taps], list(taps), x[2 + i],
                          sx[2 + i], sw[2 + i], out[2 + i]))
    image = Image(x[0], groups, w[1], w[0] // groups, (sx[0], sx[1]),
                  (w[0] // groups * sw[0], sw[0], sw[1]), (out[0], out[1]), math.prod(counts))
    size = math.prod(out_shape)
    nests = [choice.windows(image, lines)] if size else []
    return Result(nests, size, 2 * size * math.prod(w[1:]))


def _input(shapes: Any, strides: Any, params: dict[str, Any],
           choice: Any) -> Result:
    (g, w), (sg, sw) = shapes, strides
    groups, size = params["groups"], params["size"]
    outputs = w[0] // groups
    out_shape = (g[0], w[1] * groups, *size)
    out = _row_major(out_shape)
    image = Image(g[0], groups, outputs, w[1], (sg[0], sg[1]),
                  (outputs * sw[0], sw[1], sw[0]), (out[0], out[1]), math.prod(size))
    if max(params["stride"], default=1) > 1:
        return _phases(image, shapes, strides, params, choice)
    lines = []
    for i, (low, pace) in enumerate(zip(*_low_pace(params), strict=True)):
        taps = list(reversed(range(w[2 + i])))
        lines.append(Line(size[i], 1, [low - t * pace for t in taps], taps, g[2 + i], sg[2 + i],
                          sw[2 + i], out[2 + i]))
    total = math.prod(out_shape)
    flops = 2 * math.prod(g) * math.prod(w[1:])
    return Result([choice.windows(image, lines)] if total else [], total, flops)


def _low_pace(params: dict[str, Any]) -> tuple[list[int], list[int]]:
    return [low for low, _ in params["padding"]], list(params["dilation"])


def _phases(image: Image, shapes: Any, strides: Any, params: dict[str, Any],
            choice: Any) -> Result:
    """A strided convolution's adjoint: every phase is a convolution with an array of its own."""
    (g, w), (sg, sw) = shapes, strides
    size, steps = params["size"], params["stride"]
    rows = g[0] * image.outputs * image.groups
    phases: list[list[Line]] = []
    for i, (step, low, pace) in enumerate(zip(steps, *_low_pace(params), strict=True)):
        line = []
        for phase in range(min(step, size[i])):
            taps = [t for t in reversed(range(w[2 + i])) if (phase + low - t * pace) % step == 0]
            line.append(Line(-(-(size[i] - phase) // step), 1,
                             [(phase + low - t * pace) // step for t in taps], taps, g[2 + i],
                             sg[2 + i], sw[2 + i], 0))
        phases.append(line)
    every = list(itertools.product(*[range(len(line)) for line in phases]))
    lines = {p: [line[i] for line, i in zip(phases, p, strict=True)] for p in every}
    filled = [p for p in every if image.channels and all(
        line.offsets and line.size for line in lines[p])]
    total = rows * math.prod(size)
    weave = Weave(rows, size, steps, filled if total else [])
    nests = []
    for which in filled if total else []:
        counts = weave.counts(which)
        out = _row_major((g[0], rows // g[0], *counts))
        mine = [replace(line, out=stride) for line, stride in
                zip(lines[which], out[2:], strict=True)]
        nests.append(choice.windows(replace(image, out=(out[0], out[1]), columns=math.prod(counts)),
                                    mine))
        nests[-1].out_offset = weave.bases[which]
    return Result(nests, total, 2 * math.prod(g) * math.prod(w[1:]), weave)


def _weight(shapes: Any, strides: Any, params: dict[str, Any],
            choice: Any) -> Result:
    (x, g), (sx, sg) = shapes, strides
    groups, kernel = params["groups"], params["kernel"]
    channels, outputs = x[1] // groups, g[1] // groups
    out_shape = (g[1], channels, *kernel)
    out = _row_major(out_shape)
    lines = []
    for i, (step, (low, _), pace) in enumerate(zip(params["stride"], params["padding"],
                                                   params["dilation"], strict=True)):
        taps = range(kernel[i])
        lines.append(Line(g[2 + i], step, [t * pace - low for t in taps], list(taps), x[2 + i],
                          sx[2 + i], sg[2 + i], out[2 + i]))
    image = Image(x[0], groups, channels, outputs, (sx[0], sx[1]),
                  (sg[0], outputs * sg[1], sg[1]), (out[0], out[1]), math.prod(out_shape[1:]))
    size = math.prod(out_shape)
    flops = 2 * math.prod(g) * channels * math.prod(kernel)
    return Result([choice.weights(image, lines)] if size else [], size, flops)


class _Choice:
    """Chooses between the forms of one convolution.

    Args:
        machine: the processor.
        itemsize: bytes of an element.
    """

    def __init__(self, machine: Machine, itemsize: int) -> None:
        self.machine = machine
        self.itemsize = itemsize
        self.width = machine.vector_bytes // itemsize

    # ---- the convolution and its adjoint in the input ----

    def windows(self, image: Image, lines: list[Line]) -> Nest:
        """The cheaper of vectors over channels and vectors over positions."""
        lines = merge(lines) if all(w.offsets == [0] for w in lines) else lines
        empty = not image.channels or any(not line.offsets or not line.size for line in lines)
        if empty:
            return self._zeros(image, lines)
        candidates = [self._windows(image, lines, side) for side in (True, False)]
        return cheapest(candidates)

    def _zeros(self, image: Image, lines: list[Line]) -> Nest:
        lanes = [Axis(image.images, out=image.out[0])]
        lanes += [Axis(line.count, out=line.out) for line in lines]
        nest = Nest(lanes, [Axis(image.outputs, out=image.out[1])], [Axis(1)], [], image.columns,
                    [Axis(image.groups, out=image.outputs * image.out[1])])
        for axis in [*nest.batch, *nest.lanes]:
            axis.block = 1
        lanes[-1].tile = self.width
        lanes[-1].block = -(-lanes[-1].size // self.width) * self.width
        nest.rows[0].block = image.outputs
        nest.reduction[0].block = 1
        return nest

    def _windows(self, image: Image, lines: list[Line], channels_first: bool) -> tuple[float, Nest]:
        """A nest with lanes over output channels, or over the last positions."""
        output = Axis(image.outputs, out=image.out[1])
        number = Axis(image.images, out=image.out[0])
        places = [Axis(line.count, out=line.out) for line in lines]
        channel = Axis(image.channels)
        group = Axis(image.groups, out=image.outputs * image.out[1], block=1)
        body = math.prod(len(line.offsets) for line in lines)
        outer = 0
        while body * 24 > LARGEST_BODY and outer < len(lines) - 1:
            body //= len(lines[outer].offsets)
            outer += 1
        paces = [Axis(len(line.offsets)) for line in lines[:outer]]
        lanes, rows = [output], [number, *places]
        if not channels_first:
            lanes, rows = rows, lanes
        nest = Nest(lanes, rows, [channel, *paces], [], image.columns, [group],
                    swapped=channels_first)
        self._sources(nest, image, lines, channel, number, places, paces)
        depth = image.channels * math.prod(len(line.offsets) for line in lines)
        store = 4.5 if channels_first else 1.0
        model = Model(self.machine, self.itemsize, depth, len(nest.taps), store,
                      1.0 if channels_first else UNALIGNED)
        cost = choose_tiles(nest, model)
        if channels_first:
            pack = 4.0 if nest.taps[-1].v_source == len(nest.taps) - 1 else 20.0
            cost += depth * image.outputs * image.groups / self.width * pack
        elif lines[-1].step > 1:
            cost += image.images * image.groups * image.channels * 1.5 * math.prod(
                line.size for line in lines)
        self._window_blocks(nest, image, lines, channel, places, channels_first)
        return cost, nest

    def _sources(self, nest: Nest, image: Image, lines: list[Line], channel: Axis, number: Axis,
                 places: list[Axis], paces: list[Axis]) -> None:
        """Strides and taps in the operands' own memory."""
        first = nest.swapped  # the kernel is V
        kernel, picture = ("v_source", "s_source") if first else ("s_source", "v_source")
        output = nest.lanes[0] if first else nest.rows[0]
        setattr(nest.batch[0], kernel, image.kernel[0])
        setattr(nest.batch[0], picture, image.channels * image.image[1])
        setattr(output, kernel, image.kernel[1])
        setattr(channel, kernel, image.kernel[2])
        setattr(channel, picture, image.image[1])
        setattr(number, picture, image.image[0])
        for axis, line in zip(places, lines, strict=True):
            setattr(axis, picture, line.step * line.image)
        for axis, line in zip(paces, lines, strict=False):
            setattr(axis, kernel, line.kernel_pace)
            setattr(axis, picture, line.pace * line.image)
        inner = lines[len(paces):]
        for taps in itertools.product(*[range(len(line.offsets)) for line in inner]):
            k = sum(t * line.kernel_pace for t, line in zip(taps, inner, strict=True))
            p = sum(t * line.pace * line.image for t, line in zip(taps, inner, strict=True))
            nest.taps.append(Tap(k, p, k, p) if first else Tap(p, k, p, k))
        begin = sum(line.weights[0] * line.kernel for line in lines)
        corner = sum(line.offsets[0] * line.image for line in lines)
        nest.v_offset, nest.s_offset = (begin, corner) if first else (corner, begin)
        for axis in [*nest.lanes, *nest.rows, *nest.reduction]:
            axis.in_place()

    def _window_blocks(self, nest: Nest, image: Image, lines: list[Line], channel: Axis,
                       places: list[Axis], channels_first: bool) -> None:
        for axis in [*nest.lanes, *nest.rows, *nest.reduction]:
            axis.block = max(axis.size, 1)
        taps = math.prod(len(line.offsets) for line in lines)
        output = nest.lanes[0] if channels_first else nest.rows[0]
        number = nest.rows[0] if channels_first else nest.lanes[0]
        direct = self._direct(image, lines, channels_first)
        budget = 0.3 * self.machine.l2 / self.itemsize
        self._bands(number, places, channel, lines, budget)
        positions = number.block * math.prod(a.block for a in places)
        if channels_first:
            most = 0.55 * self.machine.l2 / self.itemsize / (taps * channel.block)
            output.block = even_block(output, max(most, output.tile))
            if most < 0.8 * output.tile and positions > 96:
                channel.block = even_reduction(channel.size, most * channel.block / output.tile)
        work = float(image.images * image.groups * image.outputs * image.channels * taps)
        work *= math.prod(line.count for line in lines)
        spread(nest, [number, places[0], output], work)
        if channels_first:
            nest.v_stage = PanelStage(nest.batch, nest.lanes, nest.reduction, nest.taps, self.width)
            nest.unaligned = False
        for pace, place, line in zip(nest.reduction[1:], places, lines, strict=False):
            if line.pace > 0 and not line.inside():
                nest.clips[pace] = Clip(place, line.step, line.pace, line.offsets[0], line.size)
        if not direct:
            self._region(nest, image, lines, channel, number, places, channels_first)

    def _direct(self, image: Image, lines: list[Line], channels_first: bool) -> bool:
        """Whether the image can be read where it is: no border, channels not pages apart."""
        far = image.image[1] * self.itemsize >= 4096 and image.channels > 16
        if far or not all(line.inside() for line in lines):
            return False
        return channels_first or (lines[-1].step == 1 and lines[-1].image == 1
                                  and lines[-1].count % self.width == 0)

    def _bands(self, number: Axis, places: list[Axis], channel: Axis, lines: list[Line],
               budget: float) -> None:
        """Blocks of images and of the first spatial axis whose part of the image fits."""
        first = lines[0]
        span = first.offsets[-1] - first.offsets[0] + 1
        plane = channel.size * math.prod(
            (line.count - 1) * line.step + line.offsets[-1] - line.offsets[0] + 1
            for line in lines[1:])
        rows = (budget / max(plane, 1) - span) / first.step + 1
        if rows < places[0].size:
            number.block = number.tile
            least = max(places[0].tile, min(4 * span // first.step, places[0].size))
            places[0].block = even_block(places[0], max(rows, least))
            if rows < least / 2:
                part = ((places[0].block - 1) * first.step + span) * plane / channel.size
                channel.block = even_reduction(channel.size, max(budget / part, 8), 1)
        else:
            whole = plane * ((first.count - 1) * first.step + span)
            positions = math.prod(a.size for a in places)
            number.block = even_block(number, max(1, min(budget // whole, 256 // positions)))

    def _region(self, nest: Nest, image: Image, lines: list[Line], channel: Axis, number: Axis,
                places: list[Axis], channels_first: bool) -> None:
        """Stage the image with its zero border."""
        box = [RegionAxis(number, image.image[0]), RegionAxis(channel, image.image[1])]
        box += [RegionAxis(axis, line.image, line.window())
                for axis, line in zip(places, lines, strict=True)]
        phases = 1 if channels_first else lines[-1].step
        tile = nest.lanes[-1].tile
        slack = 0 if channels_first else tile + self.width + lines[-1].window().span
        stage = RegionStage([(nest.batch[0], image.channels * image.image[1])], box, phases, slack)
        corner = sum(line.offsets[0] * line.image for line in lines)
        side = "s" if channels_first else "v"
        for item in box[:2]:
            setattr(item.axis, side, item.target)
        for i, (axis, line, item) in enumerate(zip(places, lines, box[2:], strict=True)):
            last = i == len(lines) - 1
            setattr(axis, side, 1 if last and phases > 1 else line.step * item.target)
        paces = nest.reduction[1:]
        for axis, line, item in zip(paces, lines, box[2:], strict=False):
            setattr(axis, side, line.pace * item.target)
        inner = list(zip(lines, box[2:], strict=True))[len(paces):]
        choices = itertools.product(*[range(len(line.offsets)) for line, _ in inner])
        for tap, where in zip(nest.taps, choices, strict=True):
            at = sum(t * line.pace * item.target
                     for t, (line, item) in zip(where[:-1], inner[:-1], strict=True))
            y = where[-1] * lines[-1].pace
            at += y % phases * stage.pitch + y // phases
            setattr(tap, side, at)
        for axis in nest.lanes:
            if not channels_first:
                axis.within = axis.v
        if channels_first:
            nest.s_stage, nest.s_offset = stage, nest.s_offset - corner
        else:
            nest.v_stage, nest.v_offset = stage, nest.v_offset - corner

    # ---- the adjoint in the kernel ----

    def weights(self, image: Image, lines: list[Line]) -> Nest:
        """The cheaper of vectors over output channels and vectors along the reduction."""
        plain = all(w.offsets == [0] for w in lines)
        lines = merge_weight(lines) if plain else lines
        empty = not image.images or any(not w.count or not w.size for w in lines)
        candidates = [self._weights(image, lines, False, empty)]
        if lines[-1].image == lines[-1].kernel == 1 and not empty:
            candidates.append(self._weights(image, lines, True, empty))
        return cheapest(candidates)

    def _weights(self, image: Image, lines: list[Line], dotted: bool,
                 empty: bool) -> tuple[float, Nest]:
        output = Axis(image.outputs, v_source=image.kernel[2], out=image.out[0])
        number = Axis(image.images, image.kernel[0], image.image[0])
        channel = Axis(image.channels, s_source=image.image[1], out=image.out[1])
        paces = [Axis(len(line.offsets), s_source=line.pace * line.image, out=line.out)
                 for line in lines]
        places = [Axis(line.count, line.kernel, line.step * line.image) for line in lines]
        group = Axis(image.groups, image.kernel[1], image.channels * image.image[1],
                     image.outputs * image.out[0], block=1)
        nest = Nest([output], [channel, *paces], [number, *places], [Tap(0, 0)], image.columns,
                    [group], dotted=dotted, swapped=True, masked=True,
                    s_offset=sum(line.offsets[0] * line.image for line in lines))
        for axis in [*nest.lanes, *nest.rows, *nest.reduction]:
            axis.in_place()
            axis.block = max(axis.size, 1)
        count = math.prod(line.count for line in lines)
        depth = image.images * count
        if dotted:
            depth = image.images * count // lines[-1].count * (
                -(-lines[-1].count // self.width) * self.width)
        model = Model(self.machine, self.itemsize, depth, 1, 0.05,
                      0.75 * UNALIGNED if dotted else 1.0, dotted)
        cost = choose_tiles(nest, model)
        if not dotted:
            cost += depth * image.outputs * image.groups / self.width * 4.0
        elif lines[-1].step > 1:
            if paces[-1].tile < paces[-1].size:
                return math.inf, nest
            cost += image.images * image.channels * image.groups * 0.3 * math.prod(
                line.size for line in lines)
        if empty:
            nest.taps, nest.reduction = [], []
            nest.s_offset = 0
            return 0.0, nest
        self._weight_blocks(nest, image, lines, places)
        return cost, nest

    def _weight_blocks(self, nest: Nest, image: Image, lines: list[Line],
                       places: list[Axis]) -> None:
        output, number, channel = nest.lanes[0], nest.reduction[0], nest.rows[0]
        budget = 0.3 * self.machine.l2 / self.itemsize
        first = lines[0]
        span = first.offsets[-1] - first.offsets[0] + 1
        plane = math.prod((line.count - 1) * line.step + line.offsets[-1] - line.offsets[0] + 1
                          for line in lines[1:])
        channel.block = even_block(channel, max(channel.tile, 64))
        output.block = even_block(output, max(output.tile, 64))
        across = math.prod(line.count for line in lines[1:])
        rows = min((budget / (plane * channel.block) - span) / first.step + 1,
                   budget / (across * output.block))
        if rows < first.count:
            number.block = 1
            places[0].block = even_block(places[0], max(rows, min(4, first.count)))
        else:
            whole = first.count * max(plane * channel.block, across * output.block)
            target = max(1, min(budget // whole, 512 // max(across * first.count, 1)))
            number.block = even_reduction(number.size, target, 1)
        work = float(math.prod(line.count * len(line.offsets) for line in lines))
        work *= image.images * image.channels * image.outputs * image.groups
        split_reduction(nest, work)
        if not nest.dotted:
            nest.v_stage = PanelStage(nest.batch, nest.lanes, nest.reduction, nest.taps, self.width)
            nest.unaligned = False
        phases = lines[-1].step if nest.dotted else 1
        if phases == 1 and all(line.inside() for line in lines):
            return
        box = [RegionAxis(number, image.image[0]), RegionAxis(channel, image.image[1])]
        box += [RegionAxis(axis, line.image, line.window())
                for axis, line in zip(places, lines, strict=True)]
        stage = RegionStage([(nest.batch[0], image.channels * image.image[1])], box, phases)
        nest.s_stage = stage
        nest.s_offset = 0
        for item in box[:2]:
            item.axis.s = item.target
        for axis, pace, line, item in zip(places, nest.rows[1:], lines, box[2:], strict=True):
            axis.s = line.step * item.target
            pace.s = line.pace * item.target
        if phases > 1:
            taps = [t * lines[-1].pace for t in range(len(lines[-1].offsets))]
            places[-1].s = 1
            nest.rows[-1].places = tuple(y % phases * stage.pitch + y // phases for y in taps)


def merge_weight(lines: list[Line]) -> list[Line]:
    """As for the forward direction: pointwise kernels reduce over one line of positions."""
    done: list[Line] = []
    for line in lines:
        last = done[-1] if done else None
        plain = line.step == 1 and line.count == line.size
        if last is not None and plain and last.step == 1 and last.count == last.size and (
                last.image, last.kernel) == (line.image * line.size, line.kernel * line.size):
            done[-1] = Line(last.count * line.count, 1, [0], [0], last.size * line.size,
                            line.image, line.kernel, line.out)
        else:
            done.append(line)
    return done
