"""Pretrains ``tiny``, the small BERT inside the package, on unlabelled text of the toy grammar.

    python scripts/pretrain_tiny.py                       # writes ftbench/assets/tiny, about eight minutes
    python scripts/pretrain_tiny.py --random-init FOLDER  # the same network, untrained, for comparison

Three objectives, each on rows of its own: masked words and sentence pairs, as BERT has them (Devlin et al.
2019, arXiv:1810.04805; a pair belongs together where both sentences tell of the same scene), and false words,
which the network is to find, as ELECTRA does (Clark et al. 2020, arXiv:2003.10555; here a false word is
another one of its class, or another form of the right one). The text comes from the grammar that also feeds
the toy tasks, with seeds of its own and without the tasks' labels.

Needs nothing but the package's own dependencies, one CPU thread, and no network; the same seed on the same
machine gives the same weights.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tiny_text import SPECIAL, Author, Passage, false_words, vocabulary
from torch import Tensor
from torch.nn import functional
from transformers import AutoTokenizer, BertConfig, BertForPreTraining

from ftbench.tasks.toy_scene import Dice

ASSETS = Path(__file__).resolve().parent.parent / "ftbench" / "assets" / "tiny"
PAD, CLS, SEP, MASK = 0, 2, 3, 4
MAX_LENGTH = 64
MATES = 24
LOG_STEPS = 250


@dataclass(frozen=True)
class Settings:
    """The network's size and its training."""

    hidden: int = 96
    layers: int = 3
    heads: int = 4
    intermediate: int = 384
    steps: int = 12000
    batch: int = 32
    lr: float = 2e-3
    dropout: float = 0.0
    seed: int = 20240


# Batches -------------------------------------------------------------------------------------------------

WORDS, FALSE, PAIRS = 0, 1, 2


@dataclass(frozen=True)
class Batch:
    """Token ids [rows, length], their segments, the sentence labels and the objective of each row [rows]."""

    ids: Tensor
    segments: Tensor
    labels: Tensor
    kinds: Tensor


def batches(author: Author, size: int) -> Iterator[Batch]:
    """Endless batches of rows of about the same length."""
    while True:
        passages = [author.passage() for _ in range(32 * size)]
        passages = [p for p in passages if len(p.first) + len(p.second) + 3 <= MAX_LENGTH]
        passages.sort(key=lambda p: len(p.first) + len(p.second))
        groups = [passages[start : start + size] for start in range(0, len(passages) - size + 1, size)]
        while groups:
            yield _batch(groups.pop(groups.index(author.dice.pick(groups))), author.dice)


def _batch(passages: list[Passage], dice: Dice) -> Batch:
    rows, segments, kinds = [], [], []
    width = max(len(p.first) + len(p.second) for p in passages) + 3
    for p in passages:
        head = [CLS, *p.first, SEP]
        tail = [*p.second, SEP] if p.second else []
        rest = [0] * (width - len(head) - len(tail))
        rows.append(head + tail + [PAD] * len(rest))
        segments.append([0] * len(head) + [1] * len(tail) + rest)
        kinds.append(dice.pick((WORDS, WORDS, FALSE, PAIRS, PAIRS) if p.second else (WORDS, FALSE)))
    labels = torch.tensor([p.label for p in passages])
    return Batch(torch.tensor(rows), torch.tensor(segments), labels, torch.tensor(kinds))


def corrupt(batch: Batch, mates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The ids with masked and false words; which positions are masked; which are false.

    Of a pair, one sentence is masked densely and the other hardly: the words are to be found there.
    """
    shape = batch.ids.shape
    kinds = batch.kinds[:, None]
    dense = batch.segments == torch.randint(2, (shape[0], 1))
    alone = ~batch.segments.any(1, keepdim=True)
    rate = torch.where(alone, 0.2, torch.where(dense, 0.4, 0.05))
    rate = torch.where(kinds == WORDS, rate, torch.where(kinds == FALSE, 0.12, 0.08))
    chosen = (torch.rand(shape) < rate) & (batch.ids >= len(SPECIAL))
    masked = chosen & (kinds != FALSE)
    other = mates[batch.ids, torch.randint(mates.shape[1], shape)]
    swapped = torch.where(chosen & (kinds == FALSE), other, batch.ids)
    ids = torch.where(masked & (torch.rand(shape) < 0.85), MASK, swapped)
    return ids, masked, swapped != batch.ids


# Training ------------------------------------------------------------------------------------------------


def network(settings: Settings, words: int, dropout: float) -> BertForPreTraining:
    """The network with fresh weights."""
    config = BertConfig(
        vocab_size=words,
        hidden_size=settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        intermediate_size=settings.intermediate,
        max_position_embeddings=MAX_LENGTH,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=0.08,
    )
    return BertForPreTraining(config)


class Pretraining(torch.nn.Module):
    """The network with its objectives: masked words, false words, sentence pairs."""

    def __init__(self, model: BertForPreTraining, mates: Tensor) -> None:
        """Add the head that finds false words."""
        super().__init__()
        self.model = model
        self.mates = mates
        self.judge = torch.nn.Linear(model.config.hidden_size, 1)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The loss; and (loss, share right) of each objective, for the log."""
        ids, masked, false = corrupt(batch, self.mates)
        found = self.model.bert(
            input_ids=ids,
            token_type_ids=batch.segments,
            attention_mask=(ids != PAD).long(),
            output_hidden_states=True,
        )
        guesses = self.model.cls.predictions(found.last_hidden_state[masked])
        words = _objective(guesses, batch.ids[masked])
        # Judged one layer below the top, so that the top layer's [CLS] can gather what was found.
        judged = (batch.kinds[:, None] == FALSE) & (batch.ids >= len(SPECIAL))
        verdicts = self.judge(found.hidden_states[-2][judged])
        falses = _objective(torch.cat([torch.zeros_like(verdicts), verdicts], dim=1), false[judged].long())
        paired = batch.kinds == PAIRS
        pairs = _objective(self.model.cls.seq_relationship(found.pooler_output[paired]), batch.labels[paired])
        numbers = torch.stack([*words, *falses, *pairs])
        return words[0] + 3 * falses[0] + pairs[0], numbers.detach()


def _objective(logits: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Mean loss and share right, of logits [n, classes]; 0 where there are none."""
    many = max(1, len(truth))
    loss = functional.cross_entropy(logits, truth, reduction="sum") / many
    return loss, (logits.argmax(1) == truth).float().sum() / many


def pretrain(settings: Settings, vocab: list[str]) -> BertForPreTraining:
    """Train the network, printing its losses."""
    model = network(settings, len(vocab), settings.dropout)
    mates = torch.tensor(false_words(vocab, Dice(settings.seed + 1), MATES))
    whole = Pretraining(model, mates)
    whole.train()
    groups = [
        {"params": [p for p in whole.parameters() if p.dim() > 1], "weight_decay": 0.01},
        {"params": [p for p in whole.parameters() if p.dim() <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=settings.lr, betas=(0.9, 0.98))
    warmup = max(1, settings.steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / warmup, (settings.steps - s) / (settings.steps - warmup))
    )
    author = Author(settings.seed, vocab)
    source = batches(author, settings.batch)
    seen = torch.zeros(6)
    began = time.monotonic()
    for step in range(1, settings.steps + 1):
        author.ease = max(0.0, 1 - 4 * step / settings.steps)
        loss, numbers = whole(next(source))
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(whole.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        seen += numbers
        if step % LOG_STEPS == 0:
            shown = [f"{value:.3f}" for value in (seen / LOG_STEPS).tolist()]
            print(
                f"step {step:5d}  words: loss {shown[0]}, right {shown[1]}  false: {shown[2]}, {shown[3]}  "
                f"pairs: {shown[4]}, {shown[5]}  {time.monotonic() - began:.0f} s",
                flush=True,
            )
            seen.zero_()
    return model


def save(model: BertForPreTraining, vocab: list[str], folder: Path, dropout: float = 0.1) -> None:
    """Write what ``AutoModel`` and ``AutoTokenizer`` load; weights in half precision, to be small."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = model.bert
    encoder.config.hidden_dropout_prob = encoder.config.attention_probs_dropout_prob = dropout
    encoder.save_pretrained(folder, state_dict={name: w.half() for name, w in encoder.state_dict().items()})
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n")
    AutoTokenizer.from_pretrained(folder, model_max_length=MAX_LENGTH).save_pretrained(folder)
    # The configuration promises float32, so that loading widens the weights again.
    _rewrite(folder / "config.json", {"dtype": "float32", "architectures": ["BertModel"]}, ("torch_dtype",))
    _rewrite(folder / "tokenizer_config.json", {}, ("backend", "is_local", "local_files_only"))
    for file in folder.iterdir():
        file.chmod(0o644)


def _rewrite(file: Path, values: dict[str, object], without: tuple[str, ...]) -> None:
    """Set and remove keys of a JSON file."""
    content = json.loads(file.read_text()) | values
    kept = {key: value for key, value in content.items() if key not in without}
    file.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ASSETS, help="where the pretrained model goes")
    parser.add_argument("--random-init", type=Path, metavar="FOLDER", help="write the untrained network here")
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    for name in ("hidden", "layers", "heads", "intermediate", "batch"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Settings, name))
    for name in ("lr", "dropout"):
        parser.add_argument(f"--{name}", type=float, default=getattr(Settings, name))
    given = vars(parser.parse_args())
    out, untrained = given.pop("out"), given.pop("random_init")
    settings = Settings(**given)
    torch.set_num_threads(1)
    torch.manual_seed(settings.seed)
    vocab = vocabulary()
    if untrained is not None:
        save(network(settings, len(vocab), 0.0), vocab, untrained)
        return
    save(pretrain(settings, vocab), vocab, out)


if __name__ == "__main__":
    main()
