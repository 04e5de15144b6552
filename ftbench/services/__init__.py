"""The use cases behind the commands, a room each; used by ``cli`` alone."""
