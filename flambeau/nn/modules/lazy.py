"""Modules that learn the shapes of their parameters from their first input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flambeau.nn.parameter import is_lazy

__all__ = ["LazyModuleMixin"]

if TYPE_CHECKING:
    from flambeau.nn.modules.module import Module as _Base
else:
    _Base = object


class LazyModuleMixin(_Base):
    """Put before a module class, makes it lazy: its first call fixes the shapes.

    A class sets `cls_to_become` to the ordinary class that it turns into, creates
    uninitialized parameters, and gives them their shapes in `initialize_parameters`.

    Args:
        args: passed to the next class.
        kwargs: passed to the next class.

    Example:
        >>> import flambeau as torch
        >>> from flambeau.nn import Module, UninitializedParameter
        >>> class LazyScale(LazyModuleMixin, Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.weight = UninitializedParameter()
        ...
        ...     def initialize_parameters(self, input):
        ...         self.weight.materialize(input.shape[-1:])
        ...
        ...     def forward(self, input):
        ...         return input * self.weight
        >>> scale = LazyScale()
        >>> scale(torch.zeros(5, 3)).shape
        torch.Size([5, 3])

    Source: torch.nn.modules.lazy.LazyModuleMixin
    """

    cls_to_become: type[Any] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(
            self._infer_parameters, with_kwargs=True
        )

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        for name, tensor in self._expected_state().items():
            destination[prefix + name] = (
                tensor if keep_vars or is_lazy(tensor) else tensor.detach()
            )

    def _lazy_load_hook(self, state_dict: dict[str, Any], prefix: str, *_: Any) -> None:
        """Take the shapes from a state that is about to be loaded."""
        for name, tensor in (*self._parameters.items(), *self._buffers.items()):
            incoming = state_dict.get(prefix + name)
            if is_lazy(tensor) and incoming is not None and not is_lazy(incoming):
                tensor.materialize(incoming.shape)  # type: ignore[union-attr]

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give every uninitialized parameter and buffer its shape; a class must define it.

        Args:
            args: those of the first call.
            kwargs: those of the first call.

        Raises:
            NotImplementedError: the class does not define it.
        """
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self) -> bool:
        """Say whether a parameter or buffer still has no shape.

        Returns:
            True until `initialize_parameters` has done its work.
        """
        return any(is_lazy(tensor) for tensor in self._expected_state().values())

    def _infer_parameters(
        self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None
    ) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook, module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become
