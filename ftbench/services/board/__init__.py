"""What the live board shows of a queue, as plain values; it may use the room of the worker."""
