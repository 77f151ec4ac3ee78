"""Samples of the losses."""

from .define import FLOATS, REDUCED, C, Error, Row, T

F = "nn.functional."
ALL_FLOATS = (*FLOATS, *REDUCED)
X = T((4, 3))
REDUCTIONS = ("mean", "sum", "none")


def cases(*args, **kwargs):
    return [C(*args, reduction=r, **kwargs) for r in REDUCTIONS]


BAD = Error(C(X, X, reduction="average"))
CLASSES = T((4,), "int64", 0, 3)
MAP = T((2, 3, 2, 2))
MAP_CLASSES = T((2, 2, 2), "int64", 0, 3)
WEIGHT = T((3,), low=0.2, high=2.0, grad=False)
P = T((4, 3), low=0.05, high=0.95)
SIGNS = T((4, 3), values=[[1.0, -1, 1], [-1, 1, 1], [1, 1, -1], [-1, -1, -1]], grad=False)

ROWS = [
    Row(F + "nll_loss", [*cases(X, CLASSES), *cases(X, CLASSES, WEIGHT), *cases(MAP, MAP_CLASSES),
                         *cases(X, T((4,), "int64", values=[0, -100, 2, 1])),
                         *cases(T((3,)), T((), "int64", 0, 3)),
                         *cases(T((2, 3, 4)), T((2, 4), "int64", 0, 3)),
                         C(X, CLASSES, ignore_index=1), C(X, CLASSES, reduction="sum")],
        ALL_FLOATS,
        errors=[Error(C(X, T((3,), "int64", 0, 3))), Error(C(X, T((4,), "int64", 7, 8))),
                Error(C(X, CLASSES, reduction="average")), Error(C(X, CLASSES, T((2,)))),
                Error(C(X, T((4, 3), "int64"))), Error(C(T((2, 3, 4)), T((2, 5), "int64", 0, 3)))]),
    Row(F + "cross_entropy",
        [*cases(X, CLASSES), *cases(X, CLASSES, WEIGHT, label_smoothing=0.1),
         *cases(MAP, MAP_CLASSES), *cases(X, CLASSES, label_smoothing=0.2),
         *cases(X, T((4,), "int64", values=[0, -100, 2, 1]), label_smoothing=0.2),
         *cases(X, T((4, 3), low=0, high=1)), *cases(X, T((4, 3), low=0, high=1), WEIGHT),
         *cases(X, T((4, 3), low=0, high=1), label_smoothing=0.1),
         *cases(T((3,)), T((), "int64", 0, 3)), C(T((3,)), T((3,), low=0, high=1)),
         C(X, CLASSES, ignore_index=1), C(T((2, 3, 4)), T((2, 4), "int64", 0, 3))],
        ALL_FLOATS,
        errors=[Error(C(X, T((3,), "int64", 0, 3))), Error(C(X, T((4,), "int64", 3, 4))),
                Error(C(X, CLASSES, label_smoothing=1.5)), Error(C(X, CLASSES, T((2,)))),
                Error(C(X, T((4, 3), "int64")))]),
    Row(F + "mse_loss", [*cases(X, T((4, 3))), *cases(X, T((4, 3)), weight=P), C(T(()), T(()))],
        ALL_FLOATS,
        errors=[BAD, Error(C(X, X, weight=T((3,)))), Error(C(X, T((2,))))]),
    Row(F + "l1_loss", [*cases(X, T((4, 3))), *cases(X, T((4, 3)), weight=P)],
        ALL_FLOATS, errors=[BAD, Error(C(X, X, weight=T((3,))))]),
    *[Row(F + name, [C(X, T((3,)))], FLOATS, differences=False)  # they warn
      for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")],
    Row(F + "smooth_l1_loss", [*cases(X, T((4, 3))), *cases(X, T((4, 3)), beta=0.5),
                               *cases(X, T((4, 3)), beta=0.0)], ALL_FLOATS,
        errors=[BAD, Error(C(X, X, beta=-1.0))]),
    Row(F + "huber_loss", [*cases(X, T((4, 3))), *cases(X, T((4, 3)), delta=0.5),
                           *cases(X, T((4, 3)), weight=P)], ALL_FLOATS,
        errors=[BAD, Error(C(X, X, delta=0.0)), Error(C(X, X, weight=T((3,))))]),
    Row(F + "poisson_nll_loss",
        [*cases(X, T((4, 3), low=0, high=4)), *cases(X, T((4, 3), low=0, high=4), full=True),
         *cases(P, T((4, 3), low=0, high=4), log_input=False)], ALL_FLOATS, errors=[BAD]),
    Row(F + "gaussian_nll_loss",
        [*cases(X, T((4, 3)), P), *cases(X, T((4, 3)), T((4,), low=0.1), full=True),
         *cases(X, T((4, 3)), T((4, 1), low=0.1)), C(X, T((4, 3)), 0.5)], FLOATS,
        errors=[BAD, Error(C(X, X, -1.0)), Error(C(X, X, T((2,), low=0))),
                Error(C(X, X, T((4, 3), low=-2, high=-1)))]),
    Row(F + "gaussian_nll_loss", [C(X, T((4, 3)), T((4, 3), low=0, high=1), eps=0.5)], FLOATS,
        differences=False),
    Row(F + "binary_cross_entropy",
        [*cases(P, T((4, 3), low=0, high=1)), *cases(P, P, T((4, 3), low=0, grad=False)),
         *cases(P, P, T((3,), low=0, grad=False))],
        FLOATS,
        errors=[Error(C(P, T((3,)))), BAD, Error(C(T((3,), "float64", 2, 3), T((3,), "float64")))]),
    Row(F + "binary_cross_entropy",
        [C(T((4,), values=[0.0, 1.0, 0.0, 1.0]), T((4,), values=[0.0, 1.0, 1.0, 0.0], grad=False),
           reduction="none")], FLOATS, second=False, differences=False),
    Row(F + "binary_cross_entropy_with_logits",
        [*cases(X, P), *cases(X, P, T((4, 3), low=0, grad=False)),
         *cases(X, P, pos_weight=T((3,), low=0.5, grad=False)),
         C(T((2,), low=50, high=90), T((2,), low=0, high=1))],
        ALL_FLOATS, errors=[Error(C(X, T((3,)))), BAD]),
    Row(F + "kl_div", [*cases(X, P)[1:], *cases(X, X, log_target=True)[1:],
                       C(X, P, reduction="batchmean"),
                       C(X, T((4, 3), values=[[0.0, 1, 0.5]] * 4, grad=False), reduction="sum")],
        ALL_FLOATS,
        errors=[BAD]),
    Row(F + "kl_div", [C(X, P)], FLOATS, differences=False),  # it warns
    Row(F + "soft_margin_loss", cases(X, SIGNS), ALL_FLOATS, errors=[BAD]),
    Row(F + "multilabel_margin_loss",
        [*cases(X, T((4, 3), "int64", values=[[0, 1, -1], [2, -1, 0], [-1, 0, 0], [2, 1, 0]])),
         *cases(T((3,)), T((3,), "int64", values=[1, -1, 0]))], FLOATS, second=False,
        errors=[Error(C(X, T((4, 2), "int64")), text=False), BAD]),
    Row(F + "multilabel_soft_margin_loss", [*cases(X, P), *cases(X, P, WEIGHT)], ALL_FLOATS,
        errors=[BAD]),
    Row(F + "multi_margin_loss",
        [*cases(X, CLASSES), *cases(X, CLASSES, p=2, margin=0.5), *cases(X, CLASSES, weight=WEIGHT),
         *cases(T((3,)), T((1,), "int64", 0, 3))], FLOATS, second=False,
        errors=[Error(C(X, CLASSES, p=3)), Error(C(X, CLASSES, weight=T((3, 1)))),
                Error(C(X, T((3,), "int64", 0, 3)), text=False),
                Error(C(X, T((4,), "int64", 5, 6)), text=False)]),
    Row(F + "margin_ranking_loss", [*cases(X, T((4, 3)), SIGNS), *cases(X, X, SIGNS, margin=0.5)],
        ALL_FLOATS, errors=[Error(C(X, T((3,)), SIGNS))]),
    Row(F + "hinge_embedding_loss", [*cases(X, SIGNS), *cases(X, SIGNS, margin=0.2)], ALL_FLOATS,
        errors=[BAD]),
    Row(F + "cosine_embedding_loss",
        [*cases(X, T((4, 3)), T((4,), values=[1.0, -1, -1, 1], grad=False), margin=0.1),
         *cases(T((3,)), T((3,)), T((), values=-1.0, grad=False))], FLOATS,
        errors=[Error(C(X, X, SIGNS)), Error(C(X, T((3,)), T((4,))))]),
    Row(F + "triplet_margin_loss",
        [*cases(X, T((4, 3)), T((4, 3))), *cases(X, T((4, 3)), T((4, 3)), swap=True, p=1),
         *cases(T((3,)), T((3,)), T((3,)), margin=3.0)], FLOATS,
        errors=[Error(C(X, X, X, margin=0.0)), Error(C(X, X, T((3,))))]),
    Row(F + "triplet_margin_with_distance_loss",
        [*cases(X, T((4, 3)), T((4, 3))), *cases(X, T((4, 3)), T((4, 3)), swap=True)], FLOATS,
        errors=[Error(C(X, X, X, margin=0.0)), Error(C(X, X, T((3,)))),
                Error(C(X, X, X, reduction="average"))]),
    Row(F + "pairwise_distance", [C(X, T((4, 3))), C(X, T((4, 3)), 1.0, keepdim=True),
                                  C(X, T((3,)), p=3.0), C(T((3,)), T((3,)))], FLOATS),
    Row(F + "cosine_similarity", [C(X, T((4, 3))), C(X, T((4, 3)), 0), C(X, T((1, 3)), dim=-1)],
        FLOATS),
    Row(F + "cosine_similarity", [C(T((2, 2), values=[[0.0, 0.0], [1e-9, 0]]),
                                    T((2, 2), values=[[1.0, 2.0], [3.0, 1.0]]))], FLOATS,
        second=False, differences=False),
]
