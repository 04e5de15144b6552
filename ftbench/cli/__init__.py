"""The command line: one file per group of commands, standard library and typer only at module level."""
