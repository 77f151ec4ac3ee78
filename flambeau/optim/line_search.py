"""A line search for the strong Wolfe conditions, by cubic interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Point:
    """A step along the direction: loss, gradient, and slope of the loss there."""

    step: float
    loss: float
    gradient: Any
    slope: float


def strong_wolfe(evaluate: Callable[[float], tuple[float, Any, float]], step: float,
                 start: tuple[float, Any, float], size: float, limit: int, *, c1: float = 1e-4,
                 c2: float = 0.9, tolerance: float = 1e-9) -> tuple[Point, int]:
    """Find a step with f(t) ≤ f(0) + c₁ t f'(0) and |f'(t)| ≤ c₂ |f'(0)|.

    Args:
        evaluate: step -> loss, gradient, slope.
        step: the first step to try.
        start: loss, gradient and slope at step 0.
        size: largest element of the direction.
        limit: how many steps to try after the first.
        c1, c2: constants of the conditions.
        tolerance: stop where the bracket times `size` is smaller.

    Returns:
        The point, and how often `evaluate` was called.

    Source: Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6; minFunc
    """
    origin = Point(0.0, *start)
    search = _Search(evaluate, origin, c1, c2)
    bracket, done = _bracketed(search, step, limit)
    if not done:
        bracket = _zoomed(search, bracket, size, limit, tolerance)
    best = min(bracket, key=lambda point: point.loss)
    return best, search.calls


class _Search:
    """The objective along the direction, and what the conditions say of a point."""

    def __init__(self, evaluate: Callable[[float], tuple[float, Any, float]], origin: Point,
                 c1: float, c2: float) -> None:
        self.evaluate = evaluate
        self.origin = origin
        self.c1 = c1
        self.c2 = c2
        self.calls = 0
        self.tried = 0  # steps tried after the first

    def at(self, step: float) -> Point:
        self.calls += 1
        return Point(step, *self.evaluate(step))

    def too_high(self, point: Point) -> bool:
        origin = self.origin
        return point.loss > origin.loss + self.c1 * point.step * origin.slope

    def flat_enough(self, point: Point) -> bool:
        return abs(point.slope) <= -self.c2 * self.origin.slope


def _bracketed(search: _Search, step: float, limit: int) -> tuple[list[Point], bool]:
    """Lengthen the step until a good one lies behind; (points, whether one is good already)."""
    before, point = search.origin, search.at(step)
    while search.tried < limit:
        if search.too_high(point) or (search.tried > 1 and point.loss >= before.loss):
            return [before, point], False
        if search.flat_enough(point):
            return [point], True
        if point.slope >= 0:
            return [before, point], False
        bounds = (point.step + 0.01 * (point.step - before.step), point.step * 10)
        step = _cubic_minimum(before, point, bounds)
        before, point = point, search.at(step)
        search.tried += 1
    return [search.origin, point], False


def _zoomed(search: _Search, bracket: list[Point], size: float, limit: int,
            tolerance: float) -> list[Point]:
    """Shrink the bracket around a good step."""
    low, high = sorted(bracket, key=lambda point: point.loss)
    stuck = False
    while search.tried < limit and abs(high.step - low.step) * size >= tolerance:
        first, last = sorted((low.step, high.step))
        step = _cubic_minimum(bracket[0], bracket[1], (first, last))
        margin = 0.1 * (last - first)
        near = min(last - step, step - first) < margin
        if near and (stuck or step >= last or step <= first):
            step = last - margin if abs(step - last) < abs(step - first) else first + margin
            near = False
        stuck = near
        point = search.at(step)
        search.tried += 1
        i = 0 if bracket[0] is low else 1
        if search.too_high(point) or point.loss >= low.loss:
            bracket[1 - i] = point
            low, high = bracket if bracket[0].loss <= bracket[1].loss else bracket[::-1]
            continue
        if search.flat_enough(point):
            bracket[i] = point
            break
        if point.slope * (high.step - low.step) >= 0:
            bracket[1 - i] = high = low
        bracket[i] = low = point
    return bracket


def _cubic_minimum(a: Point, b: Point, bounds: tuple[float, float]) -> float:
    """Where the cubic through two points with slopes is least, within bounds."""
    lowest, highest = bounds
    if a.step > b.step:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (lowest + highest) / 2.0
    d2 = math.sqrt(square)
    step = b.step - (b.step - a.step) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(step, lowest), highest)
