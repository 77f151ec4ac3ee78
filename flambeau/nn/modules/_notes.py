"""The note that says in which module of a model an exception was raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flambeau.nn.modules.module import Module

__all__ = ["note_module_path"]


class _ModulePathNote(str):
    """A note `in model.layer2.0: Conv2d(64, 128, ...)` that an outer module call can extend."""

    outermost: Module
    path: str
    subject: str

    @classmethod
    def compose(cls, outermost: Module, path: str, subject: str) -> _ModulePathNote:
        """Write the note.

        Args:
            outermost: the outermost module call seen so far.
            path: dotted path from it to the module that failed; empty for itself.
            subject: the failed module in one line.
        """
        note = cls(f"in {'.'.join(filter(None, ('model', path)))}: {subject}")
        note.outermost, note.path, note.subject = outermost, path, subject
        return note

    def seen_from(self, module: Module) -> _ModulePathNote:
        """Return the note as it reads one module call further out."""
        if module is self.outermost:
            return self
        name = _name_within(module, self.outermost)
        return self.compose(module, ".".join(filter(None, (name, self.path))), self.subject)

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickled exception (a loader's worker, say) must not take its model along.
        return str, (str(self),)


def _name_within(parent: Module, module: Module) -> str:
    for name, candidate in parent.named_modules(remove_duplicate=True):
        if candidate is module:
            return name
    return f"<{type(module).__name__}>"  # called in forward, but not registered


def _describe(module: Module) -> str:
    name = module._get_name()
    if module._modules:
        return f"{name}(...)"
    try:
        text = repr(module)
    except Exception:  # a half-built module must not hide the error being reported
        return f"{name}(...)"
    return text if "\n" not in text else f"{name}(...)"


def note_module_path(error: Exception, module: Module) -> None:
    """Add the module path to an exception on its way out of a module call, or extend it.

    Only the innermost call adds a note; each call further out prefixes its part of the path.

    Args:
        error: the exception.
        module: the module whose call it is leaving.
    """
    if isinstance(error, RecursionError):  # no stack is left for a search
        return
    notes = getattr(error, "__notes__", None)
    if isinstance(notes, list):
        for index, note in enumerate(notes):
            if isinstance(note, _ModulePathNote):
                notes[index] = note.seen_from(module)
                return
    try:
        error.add_note(_ModulePathNote.compose(module, "", _describe(module)))
    except (AttributeError, TypeError):  # an exception that takes no attributes goes without
        return
