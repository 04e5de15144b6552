"""What methods build with: optimisers, selection, the structure of an architecture."""
