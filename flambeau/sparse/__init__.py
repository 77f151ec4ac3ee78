"""`torch.sparse`: products of matrices that are kept by coordinates."""
