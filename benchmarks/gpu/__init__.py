"""The first ten minutes on a GPU: what is right, how fast it is, and what to turn on.

    python -m benchmarks.gpu [--minutes 9] [--golden FOLDER] [--out FOLDER] [--only correct,step]
    python -m benchmarks.gpu --device cpu --short

Needs torch, transformers and numpy; no network, no database, no data sets: weights are drawn in the shapes of
known models, rows are as long as those of glue-small. One file a part, a process a part, so that nothing
that happens in one reaches the next; the parts come by worth, each ends after its seconds. What was found
stands in ``gpu.json`` and ``gpu.md`` as soon as it is known; ``rules.py`` says beforehand what they decide.
"""
