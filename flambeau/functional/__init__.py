"""Composites: what users call, one function each, written over primitives; one file per family."""
