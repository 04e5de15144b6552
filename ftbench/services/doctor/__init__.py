"""What of this machine would stop jobs or slow them, and what to do about it. Uses the room of the worker."""
