"""Functions without state: the public names of `torch.nn.functional`, one block per family."""

# ---- convolutions ---------------------------------------------------------------------------------

# ---- linear maps ----------------------------------------------------------------------------------

# ---- pooling --------------------------------------------------------------------------------------

__all__ = [name for name in dir() if not name.startswith("_")]
