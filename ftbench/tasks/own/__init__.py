"""Tasks from a user's own files: what a file, a folder or a data set of the hub is understood to be."""
