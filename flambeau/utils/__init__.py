"""Utilities beside the tensor and the network: data loading and more."""
