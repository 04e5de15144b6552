"""The live board: pages of a queue and its results for a browser, which can neither lock nor change it."""
