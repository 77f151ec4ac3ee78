"""Engines give pending nodes their data: when (realize), and how (reference)."""
