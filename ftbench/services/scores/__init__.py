"""Which jobs stand in a table together, and their scores as arrays; uses no other room."""
