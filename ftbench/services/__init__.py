"""The use cases behind the commands, a room each; uses every layer but ``cli``, ``run``, ``nn``, ``training`` and ``testing``."""
