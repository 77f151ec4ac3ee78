"""Images: data sets, transforms and models; `torchvision` under `python -m flambeau run`."""

from __future__ import annotations

from flambeau.vision import datasets, models, transforms

__all__ = ["datasets", "models", "transforms"]
