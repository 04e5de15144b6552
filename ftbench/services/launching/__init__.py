"""Launching: engines place, start, restart and stop workers; the queue stays in the database.

It may use ``worker``.
"""
