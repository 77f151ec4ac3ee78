"""Classes under PyTorch's names: `print(type(x))` says `<class 'torch.Tensor'>` as programs expect.

Only a process that runs a program as PyTorch's renames them; `import flambeau` does not. The new
names lead to the same classes, since `torch.x.y` is `flambeau.x.y` there.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

# Public classes whose module in PyTorch is not the one of the same path.
HOMES = {
    "torch": "Tensor Size dtype device layout memory_format finfo iinfo",
    "torch._C": "Generator",
    "torch.storage": "TypedStorage UntypedStorage",
    "torch.autograd.grad_mode": "enable_grad inference_mode no_grad set_grad_enabled",
}
PACKAGES = ("nn", "optim", "return_types", "utils.data")  # classes that lie where PyTorch's do


def rename_classes(package: Any) -> None:
    """Gives the classes of flambeau, of its layers and of its optimizers PyTorch's names.

    Args:
        package: the module `flambeau`.
    """
    for home, names in HOMES.items():
        for name in names.split():
            getattr(package, name).__module__ = home
    for name in ("nn", "nn.utils.rnn", "optim", "optim.lr_scheduler", "return_types"):
        rename_members(importlib.import_module(f"{package.__name__}.{name}"))


def rename_members(module: ModuleType) -> None:
    """Gives the classes that a module holds PyTorch's names, where these differ by the root alone.

    Args:
        module: a module of flambeau.
    """
    root = __name__.partition(".")[0]
    for member in list(vars(module).values()):
        home = getattr(member, "__module__", None)
        if not isinstance(member, type) or not isinstance(home, str):
            continue
        path = home.removeprefix(f"{root}.")
        if path == home or not path.startswith(PACKAGES):
            continue
        if path.startswith("optim.lr_scheduler."):  # one file in PyTorch
            path = "optim.lr_scheduler"
        member.__module__ = f"torch.{path}"
        sys.modules.setdefault(f"torch.{path}", sys.modules[f"{root}.{path}"])
