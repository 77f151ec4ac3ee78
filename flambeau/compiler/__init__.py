"""The native compiler: from templates of primitives to object code."""
