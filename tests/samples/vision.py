"""Samples of padding, interpolation, grids, shuffles and sliding windows."""

import math

from .define import ALL, FLOATS, REDUCED, C, Error, Row, T

F = "nn.functional."
FLOATING = (*FLOATS, *REDUCED)
PAIR = ("contiguous", "transposed")


def image(rank: int, size: int = 5) -> T:
    return T((2, 3, *range(size, size + rank)))


def pads(rank: int) -> list:
    x, flat = image(rank), T((3, *[5] * rank))
    modes = ("reflect", "replicate", "circular")
    return [C(y, p, m) for m in modes for y, p in (
        (x, (1, 2) * rank), (flat, (2, 0) * rank), (x, (-1, 2) * rank), (x, (3, -2) * rank),
        (x, (0, 0) * rank))]


PAD_ERRORS = [Error(c) for c in (
    C(T((3, 3)), (1,)), C(T((3,)), (1, 1, 1, 1)), C(T((3, 3)), (-2, -2)),
    C(T((1, 3, 3)), (1, 1), "x"),
    C(T((1, 3)), (1, 1, 1), "reflect"),
    *[C(image(r), (p, 1) * r, m) for r in (1, 2, 3) for m in ("reflect", "circular") for p in (7, 9)
      if (r, m, p) != (3, "circular", 7)],
    *[C(image(r), (-4, -4) * r, m) for r in (1, 2, 3)
        for m in ("reflect", "replicate", "circular")],
    *[C(image(r), (1, 1) * r, "reflect", 1.0) for r in (1, 2, 3)],
    *[C(T((2, 3, *[0] * r)), (1, 1) * r, m) for r in (1, 2, 3) for m in ("reflect", "replicate")],
    *[C(T((2, 3, *[4] * r), "bool"), (1, 1) * r, m) for r in (1, 2, 3)
      for m in ("reflect", "replicate")],
    *[C(T((1,) * 5 + (6,)), (1, 1) * r, "reflect") for r in (1, 2, 3)])]


def sizes(rank: int, mode: str, **options: object) -> list:
    x = image(rank)
    return [C(x, n, mode=mode, **options) for n in (3, 5, 8, 10, 1)] + [
        C(x, tuple(range(4, 4 + rank)), mode=mode, **options)] + [
        C(x, scale_factor=s, mode=mode, **options) for s in (2, 0.5, 1.7, 3.0, 1.0)] + [
        C(x, scale_factor=1.7, mode=mode, recompute_scale_factor=True, **options),
        C(x, scale_factor=(1.7, 0.7, 1.3)[:rank], mode=mode, **options)]


LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
INTERPOLATIONS = [
    *[c for r in (1, 2, 3) for m in ("nearest", "nearest-exact", "area") for c in sizes(r, m)],
    *[c for r in (1, 2, 3) for a in (False, True) for c in sizes(r, LINEAR[r], align_corners=a)],
    *[c for a in (False, True) for c in sizes(2, "bicubic", align_corners=a)],
    *[C(T((1, 2, 9, 11)), n, mode=m, antialias=True, align_corners=a)
        for n in (3, (4, 7), (14, 5), (9, 1))
      for m in ("bilinear", "bicubic") for a in (False, True)],
    *[C(T((1, 2, 9, 11)), scale_factor=s, mode=m, antialias=True) for s in (0.4, 1.6)
      for m in ("bilinear", "bicubic", "lanczos")],
]
INTERPOLATE_ERRORS = [Error(c) for c in (
    C(image(2)), C(image(2), 3, 2.0), C(image(2), (3,)), C(image(2), scale_factor=(2.0,)),
    C(image(2), (3.0, 3.0)), C(image(2), 3, mode="linear"), C(image(1), 3, mode="bilinear"),
    C(image(1), 3, mode="trilinear"), C(image(3), 3, mode="bilinear"),
    C(image(3), 3, mode="bicubic"),
    C(T((3, 4)), (), mode="nearest"), C(image(2), 3, align_corners=True),
    C(image(2), 3, recompute_scale_factor=True), C(image(1), 3, mode="linear", antialias=True),
    C(image(2), 3, mode="cubic"), C(image(2), 0), C(image(2), 3, mode="lanczos"),
    C(T((2, 0, 4, 4)), 3), C(T((2, 3, 0, 4)), 3))]

GRID = [C(T((2, 3, 5, 4)), T((2, 3, 6, 2), low=-1.4, high=1.4), m, p, a)
        for m in ("bilinear", "nearest", "bicubic") for p in ("zeros", "border", "reflection")
        for a in (False, True)]
GRID3 = [C(T((2, 2, 3, 4, 3)), T((2, 2, 3, 2, 3), low=-1.4, high=1.4), m, p, a)
         for m in ("bilinear", "nearest") for p in ("zeros", "border", "reflection")
         for a in (False, True)]
FAR = [C(T((1, 1, 3, 3)), T((1, 1, 4, 2), values=[[[[9.0, -7.0], [-1.0, 1.0], [-30.5, 2.2],
    [0.0, 0.0]]]]),
         m, p, False) for m in ("bilinear", "nearest", "bicubic")
         for p in ("zeros", "border", "reflection")]

ROWS = [
    Row(F + "pad", [
        C(T((3, 4)), (1, 2)), C(T((3, 4)), (1, 2, 0, 3), "constant", 2.5), C(T((3, 4)), ()),
        C(T((2, 3, 4)), (-1, 2, 1, -1, 0, 1)), C(T((3,)), (0, 0)), C(T((3, 4)), (-2, -1)),
        C(T((0, 2)), (1, 1)), C(T((2, 2)), (1, 1), value=1)], ALL, errors=PAD_ERRORS),
    Row(F + "pad", [C(T((2, 2)), (1, 1), value=v) for v in (-math.inf, -1.0, 300)], ALL,
        grad=False),
    *[Row(F + "pad", pads(r), (*FLOATING, "int64"), layouts=PAIR) for r in (1, 2, 3)],
    Row(F + "interpolate", INTERPOLATIONS, FLOATS, errors=INTERPOLATE_ERRORS, layouts=PAIR,
        tolerance=3.0),
    Row(F + "interpolate", [*sizes(2, "nearest"), *sizes(2, "nearest-exact")],
        (*REDUCED, "uint8"), layouts=PAIR, grad=False),
    Row(F + "interpolate", [*sizes(2, "bilinear"), *sizes(2, "bicubic")], REDUCED, layouts=PAIR,
        grad=False),
    Row(F + "upsample", [C(image(2), 3)], grad=False),
    Row(F + "upsample_nearest", [C(image(2), 3)], grad=False),
    Row(F + "upsample_bilinear", [C(image(2), 3)], grad=False),
    Row(F + "grid_sample", [*GRID, *GRID3], FLOATS, layouts=PAIR, tolerance=3.0,
        errors=[Error(c) for c in (
        C(T((2, 3, 5, 4)), T((1, 3, 6, 2)), align_corners=False),
        C(T((2, 3, 5, 4)), T((2, 3, 6, 3)), align_corners=False),
        C(T((2, 3, 5, 4)), T((2, 3, 2)), align_corners=False),
        C(T((2, 3, 5)), T((2, 3, 2)), align_corners=False),
        C(T((2, 3, 0, 4)), T((2, 3, 6, 2)), align_corners=False),
        C(T((2, 3, 5, 4)), T((2, 3, 6, 2)), "linear"),
        C(T((2, 3, 5, 4)), T((2, 3, 6, 2)), padding_mode="x"),
        C(T((2, 3, 5, 4)), T((2, 3, 6, 2), "float64"), align_corners=False),
        C(T((2, 3, 2, 5, 4)), T((2, 1, 3, 6, 3)), "bicubic", align_corners=False))]),
    Row(F + "grid_sample", FAR, grad=False, layouts=PAIR),
    Row(F + "affine_grid", [
        C(T((2, 2, 3)), (2, 3, 4, 5), align_corners=a) for a in (False, True)] + [
        C(T((2, 3, 4)), (2, 3, 4, 5, 3), align_corners=a) for a in (False, True)] + [
        C(T((1, 2, 3)), (1, 1, 1, 4), align_corners=False)], layouts=PAIR,
        errors=[Error(c) for c in (
            C(T((2, 2, 3), "int64"), (2, 3, 4, 5), align_corners=False),
            C(T((2, 3, 3)), (2, 3, 4, 5), align_corners=False),
            C(T((2, 2, 3)), (2, 3, 4), align_corners=False),
            C(T((2, 2, 3)), (2, 3, 0, 5), align_corners=False),
            C(T((1, 2, 3)), (2, 3, 4, 5), align_corners=False))]),
    Row(F + "pixel_shuffle", [C(T((2, 8, 3, 2)), 2), C(T((9, 2, 2)), 3), C(T((2, 3, 4, 2, 2)), 1)],
        ALL, errors=[
        Error(C(T((3, 2)), 2)), Error(C(T((3, 2, 2)), 2)), Error(C(T((3, 2, 2)), 0))]),
    Row(F + "pixel_unshuffle", [C(T((2, 3, 4, 6)), 2), C(T((1, 3, 3)), 3)], ALL, errors=[
        Error(C(T((3, 2)), 2)), Error(C(T((3, 3, 2)), 2)), Error(C(T((3, 2, 3)), 2)),
        Error(C(T((3, 2, 2)), 0))]),
    Row(F + "channel_shuffle", [C(T((2, 6, 3)), 2), C(T((2, 6, 3, 2)), 3), C(T((1, 4, 2)), 1)], ALL,
        errors=[Error(C(T((2, 6)), 2)), Error(C(T((2, 6, 3)), 4)), Error(C(T((2, 6, 3)), 0))]),
    Row(F + "unfold", [
        C(T((2, 3, 6, 7)), 2), C(T((2, 3, 6, 7)), (2, 3), 2, 1, 2),
        C(T((3, 6, 7)), 3, padding=(1, 0)),
        C(T((2, 3, 6, 6)), 2, stride=2), C(T((0, 3, 4, 4)), 2)], FLOATING, errors=[
        Error(C(T((6, 7)), 2)), Error(C(T((2, 3, 6, 7)), 8)), Error(C(T((2, 3, 6, 7)), 0)),
        Error(C(T((2, 3, 6, 7)), 2, 0)), Error(C(T((2, 3, 6, 7)), 2, 1, -1)),
        Error(C(T((2, 3, 6, 7)), 2, stride=0)), Error(C(T((2, 0, 6, 7)), 2))]),
    Row(F + "fold", [
        C(T((2, 12, 30)), (6, 7), 2), C(T((2, 18, 9)), (6, 7), (2, 3), 2, 1, 2),
        C(T((12, 9)), 6, 2, stride=2),
        C(T((1, 4, 4)), 4, 2, 1, 0, 2)], FLOATING, errors=[
        Error(C(T((2, 12, 29)), (6, 7), 2)), Error(C(T((2, 11, 30)), (6, 7), 2)),
        Error(C(T((12,)), (6, 7), 2)), Error(C(T((2, 12, 30)), (6, 7), 0)),
        Error(C(T((2, 12, 30)), (6, 7), 2, stride=0))]),
]
