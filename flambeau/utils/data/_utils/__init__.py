"""Machinery of the data loader: collation, fetching, workers and what travels between them."""
