"""`torch.__future__`: how modules convert their parameters; the choices are kept and read back.

Both ways lead to the same here: `Module.to` keeps each Parameter object where it can.
"""

from __future__ import annotations

_choices = {"overwrite": False, "swap": False}


def set_overwrite_module_params_on_conversion(value: bool) -> None:
    """Choose whether converting a module makes new parameters.

    Args:
        value: whether it does.
    """
    _choices["overwrite"] = value


def get_overwrite_module_params_on_conversion() -> bool:
    """Whether converting a module makes new parameters."""
    return _choices["overwrite"]


def set_swap_module_params_on_conversion(value: bool) -> None:
    """Choose whether converting and loading exchange the contents of parameters.

    Args:
        value: whether they do.
    """
    _choices["swap"] = value


def get_swap_module_params_on_conversion() -> bool:
    """Whether converting and loading exchange the contents of parameters."""
    return _choices["swap"]
