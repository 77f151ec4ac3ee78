"""Samples of Fourier transforms."""

from __future__ import annotations

from .define import COMPLEX, FLOATS, C, D, Error, Row, T

NUMBERS = (*FLOATS, *COMPLEX)
REAL = T((3, 6))
HALF = T((3, 4), "complex128")
ONE = [C(REAL), C(REAL, 4), C(REAL, 7, norm="ortho"), C(REAL, dim=0, norm="forward")]
SEVERAL = [C(REAL), C(REAL, (2, 5), norm="ortho"), C(REAL, (4,)), C(REAL, dim=(0,)),
           C(REAL, (5, -1), (1, 0), "forward")]
TWO = [C(REAL), C(REAL, (2, 7), (1, 0), "ortho")]
WRONG = [Error(C(REAL, 0)), Error(C(REAL, norm="sideways")), Error(C(REAL, dim=3)),
         Error(C(T(()))), Error(C(T((3,), "float16")))]
WRONG_SEVERAL = [Error(C(REAL, dim=(0, 0))), Error(C(REAL, (1, 2, 3))),
                 Error(C(REAL, (1,), (0, 1))), Error(C(REAL, (0, 1)))]
COMPLEX_INPUT = [Error(C(T((3, 4), "complex64")))]

ROWS = [
    Row("fft.fft", ONE, (*NUMBERS, "int64"), errors=WRONG),
    Row("fft.ifft", ONE, NUMBERS, errors=WRONG),
    Row("fft.rfft", ONE, (*FLOATS, "bool"), errors=WRONG + COMPLEX_INPUT),
    Row("fft.irfft", ONE, NUMBERS, errors=WRONG),
    Row("fft.hfft", ONE, NUMBERS, errors=WRONG),
    Row("fft.ihfft", ONE, FLOATS, errors=WRONG + COMPLEX_INPUT),
    Row("fft.fftn", [*SEVERAL, C(REAL, dim=())], NUMBERS, errors=WRONG_SEVERAL),
    Row("fft.ifftn", SEVERAL, NUMBERS, errors=WRONG_SEVERAL),
    Row("fft.rfftn", SEVERAL, FLOATS,
        errors=[*WRONG_SEVERAL, *COMPLEX_INPUT, Error(C(REAL, dim=()))]),
    Row("fft.irfftn", SEVERAL, NUMBERS, errors=[*WRONG_SEVERAL, Error(C(REAL, dim=()))]),
    Row("fft.hfftn", SEVERAL, NUMBERS, errors=WRONG_SEVERAL),
    Row("fft.ihfftn", SEVERAL, FLOATS, errors=[*WRONG_SEVERAL, *COMPLEX_INPUT]),
    Row("fft.fft2", TWO, NUMBERS, errors=[Error(C(T((3,))))]),
    Row("fft.ifft2", TWO, NUMBERS),
    Row("fft.rfft2", TWO, FLOATS),
    Row("fft.irfft2", TWO, NUMBERS),
    Row("fft.hfft2", TWO, NUMBERS),
    Row("fft.ihfft2", TWO, FLOATS),
    Row("fft.fftshift", [C(REAL), C(T((5,))), C(REAL, 1)], NUMBERS),
    Row("fft.ifftshift", [C(REAL), C(T((5,))), C(REAL, (0,))], NUMBERS),
    Row("fft.fftfreq", [C(5), C(4, 0.5), C(0), C(6, dtype=D("float64"))], ("float32",),
        grad=False, layouts=("contiguous",), errors=[Error(C(4, dtype=D("int64")))]),
    Row("fft.rfftfreq", [C(5), C(4, 0.5), C(6, 2, dtype=D("float64"))], ("float32",),
        grad=False, layouts=("contiguous",), errors=[Error(C(4, dtype=D("int64")))]),
]

CREATED = {"dtypes": ("float32",), "grad": False, "layouts": ("contiguous",)}
WINDOW_CASES = [C(5), C(6, False), C(1), C(0), C(4, dtype=D("float64"))]
WINDOW_ERRORS = [Error(C(-1)), Error(C(4, dtype=D("int64")))]
SYMMETRIC = [C(5), C(6, sym=False), C(1), C(0), C(4, dtype=D("float64"))]
SIGNAL, BATCH = T((14,)), T((2, 14))
WINDOW = T((4,), low=0.5, high=1.0)
SPECTRUM = T((2, 3, 6), "complex128")


def scaled(result: object) -> object:
    """The result times one: the last view's name is free."""
    return result * 1  # type: ignore[operator]


ROWS += [
    *[Row(f"{name}_window", WINDOW_CASES, errors=WINDOW_ERRORS, **CREATED)
      for name in ("bartlett", "hann", "blackman")],
    Row("hamming_window", [*WINDOW_CASES, C(5, False, 0.5, 0.4)], errors=WINDOW_ERRORS, **CREATED),
    Row("kaiser_window", [*WINDOW_CASES, C(5, False, 3.0)], errors=WINDOW_ERRORS, **CREATED),
    *[Row(f"signal.windows.{name}", SYMMETRIC, errors=[Error(C(-1)), Error(C(4, dtype=D("int64")))],
          **CREATED)
      for name in ("bartlett", "blackman", "cosine", "hamming", "hann", "nuttall")],
    Row("signal.windows.exponential", [*SYMMETRIC, C(5, tau=2.0), C(5, center=1, sym=False)],
        errors=[Error(C(4, tau=0)), Error(C(4, center=1))], **CREATED),
    Row("signal.windows.gaussian", [*SYMMETRIC, C(5, std=2.0)], errors=[Error(C(4, std=0))],
        **CREATED),
    Row("signal.windows.kaiser", [*SYMMETRIC, C(5, beta=2.0)], errors=[Error(C(4, beta=-1))],
        **CREATED),
    Row("signal.windows.general_cosine", [C(5, a=[0.5, 0.3, 0.2])],
        errors=[Error(C(4, a=[])), Error(C(4, a=3))], **CREATED),
    Row("signal.windows.general_hamming", [*SYMMETRIC, C(5, alpha=0.4)], **CREATED),
    Row("stft", [C(SIGNAL, 4, return_complex=True),
                 C(BATCH, 6, 2, 4, WINDOW, return_complex=True, normalized=True),
                 C(BATCH, 5, center=False, onesided=False, return_complex=True),
                 C(SIGNAL, 6, win_length=3, pad_mode="constant", return_complex=False),
                 C(BATCH, 6, 2, 4, WINDOW, center=False, align_to_window=True,
                   return_complex=True)], FLOATS, select=scaled,
        errors=[Error(C(SIGNAL, 4, hop_length=0, return_complex=True)),
                Error(C(SIGNAL, 4, win_length=8, return_complex=True)),
                Error(C(SIGNAL, 4, window=T((3,)), return_complex=True)),
                Error(C(T((1, 2, 10)), 4, return_complex=True)),
                Error(C(T((10,), "int64"), 4, return_complex=True)),
                Error(C(SIGNAL, 30, center=False, return_complex=True)),
                Error(C(SIGNAL, 4, align_to_window=True, return_complex=True)),
                Error(C(T((10,), "complex64"), 4, onesided=True)), Error(C(SIGNAL, 4))]),
    Row("stft", [C(SIGNAL, 4), C(SIGNAL, 4, return_complex=False)], COMPLEX, select=scaled),
    Row("istft", [C(SPECTRUM, 4), C(SPECTRUM, 4, 2, window=WINDOW, normalized=True),
                  C(T((3, 6), "complex128"), 4, 2, length=5),
                  C(T((2, 4, 6), "complex128"), 4, window=WINDOW, onesided=False),
                  C(SPECTRUM, 4, center=False),
                  C(T((4, 6), "complex128"), 4, 1, onesided=False, return_complex=True),
                  C(T((3, 6), "complex128"), 4, 2, length=25)],
        ("float64",), select=scaled, differences=False,
        errors=[Error(C(T((3, 4)), 4)), Error(C(T((5, 4), "complex64"), 4)),
                Error(C(T((3, 0), "complex64"), 4)),
                Error(C(T((3, 4), "complex64"), 4, window=T((4,), values=[0.0] * 4))),
                Error(C(T((3, 4), "complex64"), 4, return_complex=True, onesided=True))]),
]
