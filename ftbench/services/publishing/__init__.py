"""A database as a folder of pages for others, and its way to a hub; may use every room."""
