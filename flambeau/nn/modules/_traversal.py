"""Walking a module's tree: children, modules, parameters and buffers, by name and in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

from flambeau.nn.modules._attributes import ModuleAttributes, part_of_module
from flambeau.nn.parameter import Parameter
from flambeau.tensor import Tensor

if TYPE_CHECKING:
    from flambeau.nn.modules.module import Module


@part_of_module
class TraversalMethods(ModuleAttributes):
    """The part of `Module` that walks the tree."""

    def _get_name(self) -> str:
        return type(self).__name__

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Iterate over the immediate children with their names, each child once.

        Returns:
            Pairs (name, child).

        Source: torch.nn.Module.named_children
        """
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Module]:
        """Iterate over the immediate children, each once.

        Returns:
            The children in the order of registration.

        Source: torch.nn.Module.children
        """
        for _, module in self.named_children():
            yield module

    def named_modules(
        self,
        memo: set[Any] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Module]]:
        """Iterate over this module and all below it, parents first.

        Args:
            memo: modules to leave out; those visited are added.
            prefix: the name of this module, before the dots of the others.
            remove_duplicate: visit a module that occurs twice only once.

        Returns:
            Pairs (dotted name, module).

        Example:
            >>> import flambeau as torch
            >>> net = torch.nn.Sequential(torch.nn.Identity())
            >>> [name for name, _ in net.named_modules()]
            ['', '0']

        Source: torch.nn.Module.named_modules
        """
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self  # type: ignore[misc]
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Iterate over this module and all below it, parents first.

        Args:
            remove_duplicate: visit a module that occurs twice only once.

        Returns:
            The modules.

        Source: torch.nn.Module.modules
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def _named_members(
        self,
        get_members_fn: Callable[[Any], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        modules: Iterable[tuple[str, Any]] = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        seen: set[int] = set()
        for path, module in modules:
            for name, member in get_members_fn(module):
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Iterate over the parameters with their dotted names.

        Args:
            prefix: put before each name, with a dot.
            recurse: include those of the modules below.
            remove_duplicate: yield a shared parameter only once.

        Returns:
            Pairs (name, parameter).

        Source: torch.nn.Module.named_parameters
        """
        yield from self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Iterate over the parameters: what an optimizer is given.

        Args:
            recurse: include those of the modules below.

        Returns:
            The parameters.

        Source: torch.nn.Module.parameters
        """
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Iterate over the buffers with their dotted names.

        Args:
            prefix: put before each name, with a dot.
            recurse: include those of the modules below.
            remove_duplicate: yield a shared buffer only once.

        Returns:
            Pairs (name, buffer).

        Source: torch.nn.Module.named_buffers
        """
        yield from self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Iterate over the buffers: tensors that are kept but not trained.

        Args:
            recurse: include those of the modules below.

        Returns:
            The buffers.

        Source: torch.nn.Module.buffers
        """
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def _member(self, name: str) -> Any:
        if not hasattr(self, name):
            raise AttributeError(f"{self._get_name()} has no attribute `{name}`")
        return getattr(self, name)

    def get_submodule(self, target: str) -> Module:
        """Find a module below this one by its dotted name.

        Args:
            target: the name as `named_modules` gives it; empty for this module.

        Returns:
            The module.

        Raises:
            AttributeError: a part of the name does not exist or is not a module.

        Source: torch.nn.Module.get_submodule
        """
        module: Any = self
        for name in target.split(".") if target else ():
            module = module._member(name)
            if not isinstance(module, TraversalMethods):
                raise AttributeError(f"`{name}` is not an nn.Module")
        found: Module = module
        return found

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a dotted name.

        Args:
            target: the name; all parts but the last must exist.
            module: the new module.
            strict: the last part must exist as well.

        Raises:
            ValueError: the name is empty, or `module` is not a module.
            AttributeError: a part of the name does not exist or is not a module.

        Source: torch.nn.Module.set_submodule
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, TraversalMethods):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            if not isinstance(parent._member(name), TraversalMethods):
                raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Find a parameter by its dotted name.

        Args:
            target: the name as `named_parameters` gives it.

        Returns:
            The parameter.

        Raises:
            AttributeError: there is no such parameter.

        Source: torch.nn.Module.get_parameter
        """
        path, _, name = target.rpartition(".")
        parameter = self.get_submodule(path)._member(name)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return parameter

    def get_buffer(self, target: str) -> Tensor:
        """Find a buffer by its dotted name.

        Args:
            target: the name as `named_buffers` gives it.

        Returns:
            The buffer.

        Raises:
            AttributeError: there is no such buffer.

        Source: torch.nn.Module.get_buffer
        """
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        buffer: Tensor = module._member(name)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer

    def apply(self, fn: Callable[[Module], object]) -> Self:
        """Call `fn` on every module of the tree, children first: custom initialization.

        Args:
            fn: called for its effect.

        Returns:
            This module.

        Source: torch.nn.Module.apply
        """
        for module in self.children():
            module.apply(fn)
        fn(self)  # type: ignore[arg-type]
        return self

    def train(self, mode: bool = True) -> Self:
        """Set the training mode of the tree, on which dropout and batch normalization depend.

        Args:
            mode: True to train, False to evaluate.

        Returns:
            This module.

        Raises:
            ValueError: `mode` is not a bool.

        Source: torch.nn.Module.train
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Set the tree to evaluation: `train(False)`.

        Returns:
            This module.

        Source: torch.nn.Module.eval
        """
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Say whether the parameters are to be trained.

        Args:
            requires_grad: False freezes them.

        Returns:
            This module.

        Source: torch.nn.Module.requires_grad_
        """
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: drop them; otherwise fill them with zeros.

        Source: torch.nn.Module.zero_grad
        """
        for parameter in self.parameters():
            grad = parameter.grad
            if grad is None:
                continue
            if set_to_none:
                parameter.grad = None
                continue
            if grad.grad_fn is not None:
                grad.detach_()
            else:
                grad.requires_grad_(False)
            grad.zero_()
