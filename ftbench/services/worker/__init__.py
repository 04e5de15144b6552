"""What runs the queue: claims, child processes, slots, signals, logs; uses no other room."""
