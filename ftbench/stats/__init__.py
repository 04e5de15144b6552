"""Statistics as pure functions of arrays, (seeds, tasks) unless they say otherwise; uses no other layer."""
