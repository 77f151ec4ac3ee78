"""An image in scratch memory as planes of pairs, from which tiles are read at any position.

A plane holds what one channel (or pair of channels) contributes. Positions of the output are
counted along the padded rows of the plane, so that the tap of a kernel is an offset that does not
depend on the position; what is computed between the rows is not delivered. A convolution with a
stride has one such plane per phase.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ..convolution import Line
from ..vector_code import Index, VectorCode
from .kernel import SIDE
from .staging import PairRow


class Planes:
    """The geometry of an image's planes.

    Args:
        lines: the two spatial dimensions, rows and columns.
        band: rows of positions in a unit.

    Attributes:
        pitch: words of a plane's row; rows: rows of a phase; words: words of a plane.
        phases: the phases that taps read; taps: offset of every tap in words.
        tiles: tiles of positions.
    """

    def __init__(self, lines: Sequence[Line], band: int) -> None:
        self.lines, self.band = lines, band
        y, x = lines
        reach = [[o - line.offsets[0] for o in line.offsets] for line in lines]
        self.rows = band + reach[0][-1] // y.step
        self.pitch = x.count + reach[1][-1] // x.step
        every = list(itertools.product(*reach))
        self.phases = sorted({(v % y.step, h % x.step) for v, h in every})
        size = self.rows * self.pitch
        self.taps = [self.phases.index((v % y.step, h % x.step)) * size
                     + v // y.step * self.pitch + h // x.step for v, h in every]
        words = -(-len(self.phases) * size // SIDE) * SIDE + SIDE
        self.words = words if words // SIDE % 2 else words + SIDE  # spread over the cache's sets
        self.positions = (band - 1) * self.pitch + x.count
        self.tiles = -(-self.positions // SIDE)

    def stage(self, code: VectorCode, row: PairRow, image: Any, partner: int, paired: Any,
              target: Any, flag: Any, first: Index) -> None:
        """Make one plane of positions from row `first` on.

        Args:
            code: where to emit.
            row: for words of `pitch`.
            image: pointer to the first image of the pair.
            partner: elements from it to the second; paired: whether that exists.
            target: the plane.
            flag: word that becomes 1 at an infinity.
            first: first row of positions.
        """
        y, x = self.lines
        for number, (v, h) in enumerate(self.phases):
            left = x.offsets[0] + h
            begin = max(0, (x.step - 1 - left) // x.step)
            end = max(begin, min(self.pitch, -(-(x.size - left) // x.step)))
            with code.loop(0, self.rows) as r:
                at = code.add(code.mul(code.add(first, r), y.step), y.offsets[0] + v)
                inside = code.builder.icmp_unsigned("<", code.value(at), code.value(y.size))
                last = code.builder.select(inside, code.value(end), code.value(begin))
                offset = code.add(code.mul(at, y.image), left * x.image)
                place = code.add(number * self.rows * self.pitch, code.mul(r, self.pitch))
                low = code.at(image, offset)
                row.call(code, low, code.at(low, partner), code.at(target, place), flag, begin,
                         last, paired)
