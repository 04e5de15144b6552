"""What a method sees while it trains: the run, its batches, its random draws; uses ``domain`` and ``nn``."""
