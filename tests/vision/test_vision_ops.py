"""Boxes, losses and blocks: against definitions written out, and numbers from torchvision."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import flambeau
from flambeau import nn
from flambeau.vision import ops


def boxes(count: int, seed: int) -> Any:
    """Random boxes with corners in order."""
    flambeau.manual_seed(seed)
    made = flambeau.rand(count, 4) * 10
    made[:, 2:] += made[:, :2]
    return made


def iou(a: Any, b: Any) -> float:
    """Intersection over union of two boxes."""
    wide, high = (max(0.0, min(a[k + 2], b[k + 2]) - max(a[k], b[k])) for k in (0, 1))
    area = sum((x[2] - x[0]) * (x[3] - x[1]) for x in (a, b))
    return wide * high / (area - wide * high)


def test_overlaps() -> None:
    """Each pair's IoU; its relatives are below it, and equal for equal boxes."""
    a, b = boxes(5, 0), boxes(4, 1)
    found = ops.box_iou(a, b).numpy()
    expected = [[iou(x, y) for y in b.tolist()] for x in a.tolist()]
    numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    for relative in (ops.generalized_box_iou, ops.distance_box_iou, ops.complete_box_iou):
        assert (relative(a, b).numpy() <= found + 1e-6).all()
        numpy.testing.assert_allclose(relative(a, a).diagonal().numpy(), 1, rtol=1e-5)


def test_losses_row_by_row() -> None:
    """They are 1 less the relatives' diagonals, and have gradients."""
    a, b = boxes(5, 0).requires_grad_(), boxes(5, 1)
    for loss, relative in ((ops.generalized_box_iou_loss, ops.generalized_box_iou),
                           (ops.distance_box_iou_loss, ops.distance_box_iou),
                           (ops.complete_box_iou_loss, ops.complete_box_iou)):
        numpy.testing.assert_allclose(loss(a, b).detach().numpy(),
                                      1 - relative(a, b).diagonal().detach().numpy(), rtol=1e-4)
        loss(a, b, reduction="sum").backward()
        with pytest.raises(ValueError, match="Invalid Value for arg 'reduction'"):
            loss(a, b, reduction="max")
    assert a.grad.abs().sum() > 0


def test_focal_loss() -> None:
    """Without focus and weight it is the cross entropy; with them, torchvision's number."""
    x, y = flambeau.tensor([0.5, -2.0, 3.0]), flambeau.tensor([1.0, 0.0, 0.0])
    plain = nn.functional.binary_cross_entropy_with_logits(x, y, reduction="none")
    assert ops.sigmoid_focal_loss(x, y, alpha=-1, gamma=0).tolist() == plain.tolist()
    expected = [0.25 * (1 - 0.62245935) ** 2 * 0.474077, 0.75 * 0.11920292 ** 2 * 0.126928,
                0.75 * 0.95257413 ** 2 * 3.0485873]
    numpy.testing.assert_allclose(ops.sigmoid_focal_loss(x, y).numpy(), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="Invalid alpha"):
        ops.sigmoid_focal_loss(x, y, alpha=2)


@pytest.mark.parametrize("source", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize("target", ["xyxy", "xywh", "cxcywh"])
def test_conversions_invert_each_other(source: str, target: str) -> None:
    """There and back again."""
    a = boxes(6, 2)
    there = ops.box_convert(a, source, target)
    numpy.testing.assert_allclose(ops.box_convert(there, target, source).numpy(), a.numpy(),
                                  rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="Unsupported Bounding Box Conversions"):
        ops.box_convert(a, source, "yxyx")


def greedy(rows: list[Any], scores: list[float], threshold: float) -> list[int]:
    """Keeps boxes from the highest score down."""
    kept: list[int] = []
    for k in sorted(range(len(rows)), key=lambda k: -scores[k]):
        if all(iou(rows[k], rows[j]) <= threshold for j in kept):
            kept.append(k)
    return kept


def test_nms() -> None:
    """Greedy, also within classes; wrong shapes are refused."""
    a = boxes(60, 3)
    scores, kinds = flambeau.rand(60), flambeau.randint(0, 3, (60,))
    for threshold in (0.1, 0.5):
        expected = greedy(a.tolist(), scores.tolist(), threshold)
        assert ops.nms(a, scores, threshold).tolist() == expected
        shifted = a + 100.0 * kinds[:, None]
        assert ops.batched_nms(a, scores, kinds, threshold).tolist() == greedy(
            shifted.tolist(), scores.tolist(), threshold)
    assert ops.nms(flambeau.zeros(0, 4), flambeau.zeros(0), 0.5).shape == (0,)
    with pytest.raises(RuntimeError, match="boxes should have 4 elements"):
        ops.nms(flambeau.zeros(2, 3), flambeau.zeros(2), 0.5)


def test_boxes_and_images() -> None:
    """Clipping, small boxes, boxes around masks."""
    a = flambeau.tensor([[-1.0, 2.0, 12.0, 3.0], [1.0, 1.0, 5.0, 6.0]])
    assert ops.clip_boxes_to_image(a, (4, 10)).tolist() == [[0, 2, 10, 3], [1, 1, 5, 4]]
    assert ops.remove_small_boxes(a, 2).tolist() == [1]
    mask = flambeau.zeros(2, 5, 6, dtype=flambeau.bool)
    mask[0, 1:4, 2:5] = True
    assert ops.masks_to_boxes(mask).tolist() == [[2, 1, 4, 3], [0, 0, 0, 0]]


def test_features_of_regions() -> None:
    """A linear image has its value at the centre of each cell."""
    y, x = flambeau.meshgrid(flambeau.arange(12.0), flambeau.arange(14.0), indexing="ij")
    image = flambeau.stack([x, 2 * y + 1])[None].requires_grad_()
    out = ops.roi_align(image, [flambeau.tensor([[2.0, 1.0, 8.0, 9.0]])], (4, 3), 1.0, 2)
    assert out.shape == (1, 2, 4, 3)
    numpy.testing.assert_allclose(out[0, 0, 0].detach().numpy(), [3, 5, 7], rtol=1e-6)
    numpy.testing.assert_allclose(out[0, 1, :, 0].detach().numpy(), [5, 9, 13, 17], rtol=1e-6)
    out.sum().backward()
    assert image.grad.sum().item() == pytest.approx(24)
    half = ops.RoIAlign((4, 3), 1.0, 2, aligned=True)(image, [flambeau.tensor([[2., 1., 8., 9.]])])
    numpy.testing.assert_allclose(half[0, 0, 0].detach().numpy(), [2.5, 4.5, 6.5], rtol=1e-6)


def test_blocks() -> None:
    """Their layers, and what they compute."""
    block = ops.Conv2dNormActivation(3, 8, kernel_size=(3, 5), stride=2, activation_layer=nn.SiLU)
    assert [type(layer).__name__ for layer in block] == ["Conv2d", "BatchNorm2d", "SiLU"]
    assert block(flambeau.ones(1, 3, 8, 8)).shape == (1, 8, 4, 4) and block[0].bias is None
    assert ops.Conv3dNormActivation(1, 2)(flambeau.ones(1, 1, 4, 4, 4)).shape == (1, 2, 4, 4, 4)
    frozen = ops.FrozenBatchNorm2d(2, eps=0.0)
    ordinary = nn.BatchNorm2d(2, eps=0.0).eval()
    ordinary.running_mean.fill_(3)
    ordinary.running_var.fill_(4)
    frozen.load_state_dict(ordinary.state_dict())
    x = flambeau.randn(2, 2, 3, 3)
    numpy.testing.assert_allclose(frozen(x).numpy(), ordinary(x).detach().numpy(), rtol=1e-6)
    assert not list(frozen.parameters())
    assert [type(layer).__name__ for layer in ops.MLP(3, [4, 5], dropout=0.1)] == [
        "Linear", "ReLU", "Dropout", "Linear", "Dropout"]
    assert ops.SqueezeExcitation(4, 2)(flambeau.ones(1, 4, 2, 2)).shape == (1, 4, 2, 2)
    assert ops.Permute([1, 0])(flambeau.zeros(2, 3)).shape == (3, 2)


def test_stochastic_depth() -> None:
    """Rows are dropped or scaled; nothing happens outside training."""
    flambeau.manual_seed(0)
    x = flambeau.ones(1000, 2)
    out = ops.stochastic_depth(x, 0.25, "row")
    numpy.testing.assert_allclose(out.unique().numpy(), [0, 4 / 3], rtol=1e-6)
    assert (out[:, 0] == out[:, 1]).all() and abs(out.mean().item() - 1) < 0.1
    layer = ops.StochasticDepth(0.5, "batch")
    assert repr(layer) == "StochasticDepth(p=0.5, mode=batch)"
    assert layer.eval()(x) is x
    with pytest.raises(ValueError, match="mode has to be"):
        ops.stochastic_depth(x, 0.5, "column")
