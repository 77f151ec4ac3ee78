"""What goes wrong with checkpoints: one exception type, PyTorch's wording."""

from __future__ import annotations

import pickle

_DOCUMENTATION = (
    "\n\nCheck the documentation of torch.load to learn more about types accepted by default with "
    "weights_only https://pytorch.org/docs/stable/generated/torch.load.html."
)


class CheckpointError(RuntimeError, pickle.UnpicklingError):
    """A checkpoint is malformed, or asks for something that a checkpoint may not do.

    It is both of the types that PyTorch raises here, so that ``except RuntimeError`` and
    ``except pickle.UnpicklingError`` catch it.

    Example:
        >>> issubclass(CheckpointError, RuntimeError)
        True
    """


class TruncatedCheckpointError(CheckpointError, EOFError):
    """A checkpoint ends before its last byte.

    Example:
        >>> issubclass(TruncatedCheckpointError, EOFError)
        True
    """


class RefusedGlobalError(CheckpointError):
    """A checkpoint names a class or function that it may not use.

    Example:
        >>> "add_safe_globals([os.system])" in str(refused_global("os.system"))
        True
    """


def refused_global(path: str) -> RefusedGlobalError:
    """Make the error for a name that is on no list of allowed names.

    Args:
        path: the dotted name, such as ``"argparse.Namespace"``.

    Returns:
        The exception, to be raised by the caller.

    Example:
        >>> str(refused_global("builtins.eval")).startswith("Weights only load failed.")
        True
    """
    shown = path.removeprefix("builtins.")
    return RefusedGlobalError(
        "Weights only load failed. Nothing in a file is ever executed here; only listed types "
        "are built from it.\n\tWeightsUnpickler error: "
        f"Unsupported global: GLOBAL {shown} was not an allowed global by default. "
        f"Please use `torch.serialization.add_safe_globals([{shown}])` or the "
        f"`torch.serialization.safe_globals([{shown}])` context manager to allowlist this global "
        "if you trust this class/function." + _DOCUMENTATION
    )


def blocked_global(path: str, module: str) -> RefusedGlobalError:
    """Make the error for a name from a module that cannot be allowed at all.

    Args:
        path: the dotted name.
        module: its module, such as ``"os"``.

    Returns:
        The exception, to be raised by the caller.

    Example:
        >>> "whose module os is blocked" in str(blocked_global("os.system", "os"))
        True
    """
    return RefusedGlobalError(
        "Weights only load failed. Trying to load unsupported "
        f"GLOBAL {path} whose module {module} is blocked." + _DOCUMENTATION
    )


def unknown_global(path: str) -> RefusedGlobalError:
    """Make the error for a name that even ``weights_only=False`` does not allow.

    Args:
        path: the dotted name.

    Returns:
        The exception, to be raised by the caller.

    Example:
        >>> "subprocess.Popen" in str(unknown_global("subprocess.Popen"))
        True
    """
    return RefusedGlobalError(
        f"the checkpoint uses {path}, which cannot be built: it is not a class of a module that "
        "the program has imported, or it is a function, or a class of the standard library. "
        "Import the module that defines the class before loading, or allow the class with "
        "`torch.serialization.add_safe_globals` if you trust it."
    )
