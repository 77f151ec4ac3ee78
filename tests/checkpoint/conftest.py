"""Runs the checkpoint tests on fake tensors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from checkpoint_fakes import FakeCodec

from flambeau.checkpoint import clear_safe_globals, codec


@pytest.fixture(autouse=True)
def fake_codec() -> Iterator[FakeCodec]:
    """The fake tensors for the length of a test; the core's codec comes back afterwards."""
    before = codec._registry.codec
    fake = FakeCodec()
    codec.register_codec(fake)
    yield fake
    codec._registry.codec = before
    clear_safe_globals()
