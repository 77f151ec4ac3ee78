"""`torch.onnx`: flambeau writes no ONNX files, and says what to do instead."""

from __future__ import annotations

from typing import Any, NoReturn

_ADVICE = ("flambeau has no ONNX exporter. Save the weights with torch.save(model.state_dict(), "
           "path), load them into the same model in PyTorch, and export it there")


def export(*args: Any, **kwargs: Any) -> NoReturn:
    """Export a model to ONNX, which flambeau cannot.

    Raises:
        RuntimeError: always; checkpoints go to PyTorch unchanged, which can export them.

    Example:
        >>> import flambeau as torch
        >>> try:
        ...     torch.onnx.export(torch.nn.Linear(1, 1), torch.ones(1), "model.onnx")
        ... except RuntimeError as error:
        ...     print(str(error)[:33])
        flambeau has no ONNX exporter. Sa
    """
    raise RuntimeError(_ADVICE)


dynamo_export = export


def is_in_onnx_export() -> bool:
    """Whether an export is under way: never."""
    return False
