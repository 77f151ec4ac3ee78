"""Stands in for scikit-learn, of which the documents use the iris data alone."""
