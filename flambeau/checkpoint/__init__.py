"""Checkpoints: PyTorch's files and safetensors, read without executing anything in them."""

from . import tensors
from .api import load, save
from .codec import DumpedTensor, StorageToken, TensorCodec, current_codec, register_codec
from .errors import CheckpointError
from .names import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from .safetensors import load_file, save_file

__all__ = [
    "CheckpointError",
    "DumpedTensor",
    "StorageToken",
    "TensorCodec",
    "add_safe_globals",
    "clear_safe_globals",
    "current_codec",
    "get_safe_globals",
    "load",
    "load_file",
    "register_codec",
    "safe_globals",
    "save",
    "save_file",
    "tensors",
]
