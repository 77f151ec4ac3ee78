"""The command line; nothing else in the package imports from here."""
