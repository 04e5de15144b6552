"""Measurements of speed, one claim a file: ``python -m benchmarks.NAME``; all in short by ``make bench``.

Whatever is compared is measured in turns within one run, and printed as a ratio with its spread.
"""
