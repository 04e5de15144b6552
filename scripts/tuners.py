"""Trains every tuner of the installed peft on a small model of every architecture, and writes docs/peft.md.

    python scripts/tuners.py            # writes docs/peft.md
    python scripts/tuners.py --check    # writes nothing; exit 1 if the page is out of date

The models have random weights, two layers and a width of 256, so that what a tuner says of widths does not
hide what it says of architectures; each tuner makes two updates with its defaults. A refusal is that of queue
time; whatever else goes wrong stops the page from being written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from ftbench import methods, tasks  # noqa: E402
from ftbench.methods._peft_tables import REFUSED  # noqa: E402
from ftbench.models import resolve  # noqa: E402
from scripts.architectures import TITLES, Cell, cell, told  # noqa: E402
from tests.nn import transformers_small  # noqa: E402

PAGE = ROOT / "docs" / "peft.md"
NOTE = "<!-- The tables are written by scripts/tuners.py, the text above them by hand. -->"
MARK = "## What trains on what"
FURTHER = {"t5": "T5", "gpt2": "GPT-2", "llama": "Llama"}
WIDTH = 256
_WIDE: dict[str, Any] = {"hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 2}
#: What makes the small models wide enough, where their architecture has other words for it.
WIDE: dict[str, dict[str, Any]] = {
    "electra": {**_WIDE, "embedding_size": WIDTH},
    "albert": {**_WIDE, "embedding_size": WIDTH},
    "deberta": {**_WIDE, "pooler_hidden_size": WIDTH},
    "deberta-v2": {**_WIDE, "pooler_hidden_size": WIDTH},
    "distilbert": {"dim": WIDTH, "hidden_dim": WIDTH, "n_layers": 2},
    "bart": {"d_model": WIDTH, "encoder_ffn_dim": WIDTH, "decoder_ffn_dim": WIDTH},
    "xlnet": {"d_model": WIDTH, "d_inner": WIDTH, "n_layer": 2},
    "t5": {"d_model": WIDTH, "d_ff": WIDTH, "d_kv": WIDTH // 2, "num_heads": 2, "num_layers": 2}
    | {"vocab_size": 30, "eos_token_id": 2, "pad_token_id": 0, "decoder_start_token_id": 0},
    "gpt2": {"n_embd": WIDTH, "n_layer": 2, "n_head": 2, "vocab_size": 30, "n_positions": 64}
    | {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0},
    "llama": {**_WIDE, "num_attention_heads": 2, "vocab_size": 30, "max_position_embeddings": 64}
    | {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "num_key_value_heads": 2},
}


def widened() -> tuple[str, ...]:
    """Make the small models of the other script wide, and add some; the architectures."""
    for kind in (*transformers_small.CONFIGS, *FURTHER):
        old = transformers_small.CONFIGS.get(kind, {})
        transformers_small.CONFIGS[kind] = {**old, **WIDE.get(kind, _WIDE)}
    return tuple(transformers_small.CONFIGS)


def matrix(names: Iterable[str], kinds: Iterable[str]) -> list[Cell]:
    """Train each of these methods on each architecture, with a head for classes."""
    return [cell(name, kind, "classification") for kind in kinds for name in names]


def tables(cells: Sequence[Cell]) -> str:
    """The page's generated part."""
    kinds = list(dict.fromkeys(c.architecture for c in cells))
    titles = {**TITLES, **FURTHER}
    reasons: dict[str, int] = {}
    lines = ["| tuner | paper | " + " | ".join(titles[kind] for kind in kinds) + " |"]
    lines.append("| --- " * (len(kinds) + 2) + "|")
    for name in dict.fromkeys(c.method for c in cells):
        fields = [told([c], reasons) for c in cells if c.method == name]
        lines.append(f"| `{name}` | {_linked(methods.find(name).paper)} | " + " | ".join(fields) + " |")
    notes = "\n".join(f"{number}. {reason}" for reason, number in reasons.items())
    return "\n\n".join(
        [
            MARK,
            f"peft {version('peft')}, {len({c.method for c in cells})} tuners with their defaults: two "
            f"updates on random models of width {WIDTH} with a head for two classes. *yes*: trained. "
            "*no*: it is refused when it is queued, for the reason below.",
            "\n".join(lines),
            notes,
            "## What no classifier can have",
            "\n".join(f"- `peft:{name}`: {why}" for name, why in sorted(REFUSED.items())),
            "## What the widths of a model refuse",
            "On `tiny`, whose layers are 96 wide, with the defaults:",
            "\n".join(on_tiny()) + "\n",
        ]
    )


def on_tiny() -> list[str]:
    """What is refused on the embedded model that trains on wide ones."""
    spec, task = resolve("tiny")[0], tasks.find("toy-accept")
    found = []
    for name in methods.tuners():
        cls = methods.find(name)
        reason = cls(cls.resolve()).unsupported(spec, task)
        if reason:
            found.append(f"- `{name}`: {reason.rstrip('.')}")  # a stop would be copied with a value
    return found


def _linked(paper: str) -> str:
    if paper.startswith("arXiv:"):
        return f"[{paper}](https://arxiv.org/abs/{paper.removeprefix('arXiv:')})"
    return f"[OpenReview](https://{paper})" if paper.startswith("openreview") else "–"


def page(cells: Sequence[Cell]) -> str:
    """The whole page: the text as it stands, and the tables anew."""
    text = PAGE.read_text(encoding="utf-8").partition(MARK)[0].rstrip() if PAGE.exists() else NOTE
    return f"{text}\n\n{tables(cells)}"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if out of date")
    check = parser.parse_args().check
    kinds = widened()
    cells = matrix(methods.tuners(), kinds)
    failed = [c for c in cells if c.failed]
    for c in failed:
        print(f"{c.method} on {c.architecture}: {c.failed}", file=sys.stderr)
    text = page(cells)
    stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text
    if check and stale:
        print(f"{PAGE.relative_to(ROOT)} is out of date: run scripts/tuners.py", file=sys.stderr)
    elif stale and not failed:
        PAGE.write_text(text, encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
    return 1 if failed or (check and stale) else 0


if __name__ == "__main__":
    sys.exit(main())
