"""The tables, pages and plots of a database; may use every room but ``comparing``."""
