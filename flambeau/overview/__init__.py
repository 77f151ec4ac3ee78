"""Looking at a whole model: a table of its layers, a drawing of its graph."""

from __future__ import annotations

from .drawing import draw
from .summary import Summary, summary

__all__ = ["Summary", "draw", "summary"]
