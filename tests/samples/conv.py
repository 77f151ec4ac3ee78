"""Samples of convolutions and of the bilinear map."""

from .define import COMPLEX, FLOATS, REDUCED, C, Error, Row, T

F = "nn.functional."
FLOATING = (*FLOATS, *REDUCED)
LAYOUTS = ("contiguous", "transposed")


def image(rank: int, channels: int = 3, size: int = 6) -> T:
    return T((2, channels, *range(size, size + rank)))


def weight(rank: int, out: int, inner: int, kernel: int = 3) -> T:
    return T((out, inner, *range(kernel, kernel + rank)))


def forward_cases(rank: int) -> list:
    x, w = image(rank), weight(rank, 4, 3)
    return [
        C(x, w), C(x, w, T((4,))), C(T((3, *[6] * rank)), weight(rank, 2, 3, 2), T((2,))),
        C(x, w, None, 2, 1), C(x, w, stride=(2,) * rank, dilation=2, padding=4),
        C(image(rank, 4), weight(rank, 6, 2), groups=2, padding=1),
        C(image(rank, 4), weight(rank, 4, 1), T((4,)), groups=4), C(x, w, padding="same"),
        C(x, w, padding="valid"), C(x, weight(rank, 4, 3, 2), padding="same", dilation=1),
        C(T((0, 3, *[6] * rank)), w), C(x, T((4, 3, *[1] * rank)), stride=3),
    ]


def transposed_cases(rank: int) -> list:
    x, w = image(rank, size=3), T((3, 4, *[3] * rank))
    return [
        C(x, w), C(x, w, T((4,))), C(T((3, *[3] * rank)), w, T((4,))),
        C(x, w, None, 2, 1, 1), C(x, w, stride=(3,) * rank, dilation=2, padding=1),
        C(image(rank, 4, 3), T((4, 2, *[2] * rank)), T((4,)), groups=2, stride=2),
        C(x, w, stride=1, padding=2),
    ]


def errors(rank: int) -> list[Error]:
    x, w = image(rank), weight(rank, 4, 3)
    return [Error(c) for c in (
        C(T((2, 6)) if rank > 1 else T((6,)), w), C(image(rank, 5), w), C(x, w, T((3,))),
        C(x, w, groups=0), C(x, weight(rank, 4, 3, 9)), C(x, w, stride=0), C(x, w, padding=-1),
        C(x, w, dilation=0), C(x, weight(rank, 3, 3), groups=2),
        C(T((2, 3, *[6] * rank), "float64"), w), C(T((2, 3, *[6] * rank), "float64"), w, T((4,))),
        C(x, w, stride=(1,) * (rank + 1) if rank < 3 else (1, 1)),
        C(x, w, padding="same", stride=2), C(x, w, padding="full"))]


def transposed_errors(rank: int) -> list[Error]:
    x, w = image(rank), T((3, 4, *[3] * rank))
    return [*[Error(c) for c in (
        C(image(rank, 5), w), C(x, w, T((3,))), C(x, w, output_padding=1),
        C(x, w, output_padding=-1, stride=2))],
        Error(C(T((2, 3, *[1] * rank)), w, padding=3), text=False)]


ROWS = [
    *[Row(f"{F}conv{r}d", forward_cases(r), (*FLOATING, "int64"), errors=errors(r), layouts=LAYOUTS)
      for r in (1, 2, 3)],
    *[Row(f"{F}conv_transpose{r}d", transposed_cases(r), FLOATING, errors=transposed_errors(r),
          layouts=LAYOUTS) for r in (1, 2, 3)],
    Row(F + "conv2d", [C(image(2), weight(2, 4, 3), T((4,)), 2, 1)], COMPLEX),
    Row(F + "conv_transpose2d", [C(image(2), T((3, 4, 2, 2)), None, 2)], COMPLEX),
    Row(F + "bilinear", [
        C(T((2, 3)), T((2, 4)), T((5, 3, 4)), T((5,))), C(T((2, 3)), T((2, 4)), T((5, 3, 4))),
        C(T((3,)), T((4,)), T((5, 3, 4)), T((5,))), C(T((2, 6, 3)), T((2, 6, 4)), T((5, 3, 4))),
        C(T((0, 3)), T((0, 4)), T((5, 3, 4)))], FLOATING, errors=[
        Error(C(T((2, 3)), T((3, 4)), T((5, 3, 4)))),
        Error(C(T((2, 3)), T((2, 1, 4)), T((5, 3, 4)))),
        Error(C(T((2, 2)), T((2, 4)), T((5, 3, 4)))), Error(C(T((2, 3)), T((2, 2)), T((5, 3, 4)))),
        Error(C(T((2, 3)), T((2, 4)), T((5, 3, 4)), T((4,))))]),
]
