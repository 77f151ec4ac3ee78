"""Summaries and drawings of models."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import flambeau as torch
from flambeau import nn


def lenet() -> nn.Sequential:
    """Two convolutions and a linear layer."""
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Sequential(nn.Conv2d(6, 16, 5), nn.ReLU()), nn.Flatten(),
                         nn.Linear(16 * 10 * 10, 10))


def test_summary_counts_what_the_layers_do() -> None:
    found = torch.summary(lenet(), (2, 1, 28, 28))
    by_kind = {row.kind: row for row in found.rows}
    assert found.parameters == found.trainable == 156 + 2416 + 16010
    assert by_kind["Linear"].shape == "2×10"
    products = 2 * 2 * 1600 * 10  # multiplications and additions
    assert products <= by_kind["Linear"].operations <= products + 3 * 20
    convolutions = 2 * 2 * (28 * 28 * 6 * 25 + 10 * 10 * 16 * 150)
    assert found.operations > convolutions + products
    assert by_kind["Flatten"].parameters == 0


def test_summary_leaves_the_model_as_it_was() -> None:
    net = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5))
    net[1].eval()
    before = net[0].running_mean.clone()
    torch.summary(net, (8, 4))
    assert net.training and net[0].training and not net[1].training
    assert torch.equal(net[0].running_mean, before)
    assert not net[0]._forward_hooks and not net[0]._forward_pre_hooks


def test_several_inputs_and_dtypes() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(10, 4)

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return self.words(x) + y

    found = torch.summary(Two(), [(3,), (3, 4)], dtypes=[torch.long, torch.float32])
    assert found.rows[0].shape == "3×4"
    with pytest.raises(ValueError, match="2 input sizes but 1 dtypes"):
        torch.summary(Two(), [(3,), (3, 4)], dtypes=[torch.long])


def test_drawing_has_a_box_for_every_operation(tmp_path: Path) -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.inner(x) + x)

    text = torch.draw(Residual(), (2, 4), tmp_path / "net.svg")
    assert (tmp_path / "net.svg").read_text(encoding="utf-8") == text
    space = {"s": "http://www.w3.org/2000/svg"}
    root = ET.fromstring(text)
    titles = [t.text for t in root.findall("s:text", space)]
    assert len(root.findall("s:rect", space)) == 4  # input, linear, add, relu
    assert len(root.findall("s:path", space)) == 4
    assert "inner · linear" in titles
