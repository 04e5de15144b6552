"""Pretrains ``tiny``, the small BERT inside the package, on unlabelled text of the toy grammar.

    python scripts/pretrain_tiny.py                       # writes ftbench/assets/tiny, some ten minutes
    python scripts/pretrain_tiny.py --random-init FOLDER  # the same network, untrained, for comparison

The objectives are BERT's (Devlin et al. 2019, arXiv:1810.04805): masked words, and whether the second of two
sentences belongs to the first (here: whether it tells of the same scene). The text comes from the grammar
that also feeds the toy tasks, with seeds of its own and without their labels.

Needs nothing but the package's own dependencies, one CPU thread, and no network; the same seed on the same
machine gives the same weights.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoTokenizer, BertConfig, BertForPreTraining

from ftbench.tasks import toy_lexicon as lexicon
from ftbench.tasks.toy_grammar import NOT_PLURAL, NOT_SINGULAR, Speaker
from ftbench.tasks.toy_meaning import DIFFERS, FOLLOWS, change
from ftbench.tasks.toy_scene import (
    PLURAL,
    PREPOSITIONS,
    SINGULAR,
    Dice,
    Scene,
    draw_phrase,
    draw_relative,
    draw_scene,
)

ASSETS = Path(__file__).resolve().parent.parent / "ftbench" / "assets" / "tiny"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, CLS, SEP, MASK = 0, 2, 3, 4
GRAMMAR_WORDS = "by that not , . is are was were has have been can be do does did an".split()
MAX_LENGTH = 64


@dataclass(frozen=True)
class Settings:
    """The network's size and its training."""

    hidden: int = 96
    layers: int = 2
    heads: int = 4
    intermediate: int = 384
    steps: int = 8000
    batch: int = 64
    lr: float = 2e-3
    masked: float = 0.2
    dropout: float = 0.0
    seed: int = 20240


def vocabulary() -> list[str]:
    """Special tokens, every word of the grammar, then characters, so that any other text has tokens too."""
    words = {*GRAMMAR_WORDS, *SINGULAR, *PLURAL, *NOT_PLURAL, *NOT_SINGULAR, *PREPOSITIONS}
    for noun in (*lexicon.NOUNS.values(), *lexicon.GENERAL.values(), *lexicon.PLACES):
        words.update(word for pair in noun.words for word in pair)
    for verb in lexicon.VERBS.values():
        words.update(form for forms in verb.words for form in forms)
    for modifier in (*lexicon.ADJECTIVES.values(), *lexicon.ADVERBS.values()):
        words.update(modifier.words)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)] + [str(digit) for digit in range(10)]
    marks = [mark for mark in "!\"'();:?-%$&/" if mark not in words]
    single = [letter for letter in letters if letter not in words]
    return [*SPECIAL, *sorted(words), *marks, *single, *(f"##{letter}" for letter in letters)]


# Text ----------------------------------------------------------------------------------------------------


def scene(dice: Dice) -> Scene:
    """A scene with everything that the grammar has."""
    drawn = draw_scene(dice, quality=0.15)
    if dice.chance(0.2):
        return replace(drawn, agent=replace(drawn.agent, relative=draw_relative(dice, drawn.agent.noun)))
    if dice.chance(0.2):
        near = draw_phrase(dice, lexicon.KINDS, adjective=0.0)
        return replace(drawn, agent=replace(drawn.agent, beside=(dice.pick(PREPOSITIONS), near)))
    return drawn


def say(drawn: Scene, dice: Dice, avoid: list[str]) -> list[str]:
    """A scene in words, with the full stop."""
    words = Speaker(dice, avoid).say(drawn, passive=dice.chance(0.25), fronted=dice.chance(0.25))
    return [*words, "."]


def passage(dice: Dice) -> tuple[list[str], list[str], int]:
    """One sentence (label -100), or two and whether they tell of the same scene (0) or not (1).

    The second one of the same scene says it again, in other words or with less detail.
    """
    first = scene(dice)
    said = say(first, dice, [])
    if dice.chance(0.2):
        return said, [], -100
    if dice.chance(0.5):
        second: Scene | None = first
        if not first.negative:
            for _ in range(dice.pick((0, 0, 1, 2))):
                second = (second and change(second, dice, FOLLOWS)) or second
        label = 0
    elif dice.chance(0.5):
        second, label = scene(dice), 1
    else:
        second, label = first, 1
        for _ in range(2):
            second = change(second, dice, DIFFERS) or second
    assert second is not None
    return said, say(second, dice, [w for w in said if dice.chance(0.5)]), label


# Batches -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """Token ids [rows, length], their segments, and the sentence labels [rows]."""

    ids: Tensor
    segments: Tensor
    labels: Tensor


def batches(dice: Dice, index: dict[str, int], size: int) -> Iterator[Batch]:
    """Endless batches of rows of about the same length."""
    at_once = 32
    while True:
        rows = []
        for _ in range(at_once * size):
            first, second, label = passage(dice)
            head = [CLS, *(index[w] for w in first), SEP]
            tail = [*(index[w] for w in second), SEP] if second else []
            if len(head) + len(tail) <= MAX_LENGTH:
                rows.append((head, tail, label))
        rows.sort(key=lambda row: len(row[0]) + len(row[1]))
        groups = [rows[start : start + size] for start in range(0, len(rows) - size + 1, size)]
        while groups:
            yield _batch(groups.pop(groups.index(dice.pick(groups))))


def _batch(rows: list[tuple[list[int], list[int], int]]) -> Batch:
    width = max(len(head) + len(tail) for head, tail, _ in rows)
    ids = [head + tail + [PAD] * (width - len(head) - len(tail)) for head, tail, _ in rows]
    segments = [
        [0] * len(head) + [1] * len(tail) + [0] * (width - len(head) - len(tail)) for head, tail, _ in rows
    ]
    return Batch(torch.tensor(ids), torch.tensor(segments), torch.tensor([label for _, _, label in rows]))


def mask(ids: Tensor, share: float, words: int) -> tuple[Tensor, Tensor]:
    """BERT's masking: of the chosen tokens 80 % become [MASK], 10 % another word, 10 % stay."""
    chosen = (torch.rand(ids.shape) < share) & (ids >= len(SPECIAL))
    kind = torch.rand(ids.shape)
    masked = torch.where(chosen & (kind < 0.8), MASK, ids)
    other = torch.randint(len(SPECIAL), words, ids.shape)
    return torch.where(chosen & (kind >= 0.9), other, masked), chosen


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
    )
    return BertForPreTraining(config)


def pretrain(settings: Settings, vocab: list[str]) -> BertForPreTraining:
    """Train the network, printing its losses."""
    model = network(settings, len(vocab), settings.dropout)
    model.train()
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=settings.lr, betas=(0.9, 0.98))
    warmup = max(1, settings.steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / warmup, (settings.steps - s) / (settings.steps - warmup))
    )
    source = batches(Dice(settings.seed), {word: i for i, word in enumerate(vocab)}, settings.batch)
    seen = torch.zeros(4)
    began = time.monotonic()
    for step in range(1, settings.steps + 1):
        loss, numbers = losses(model, next(source), settings.masked, len(vocab))
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        seen += numbers
        if step % 250 == 0 or step == settings.steps:
            words, right, pairs, same = (seen / min(step, 250)).tolist()
            passed = time.monotonic() - began
            print(
                f"step {step:5d}  words: loss {words:.3f}, right {right:.3f}  "
                f"pairs: loss {pairs:.3f}, right {same:.3f}  {passed:.0f} s",
                flush=True,
            )
            seen.zero_()
    return model


def losses(model: BertForPreTraining, batch: Batch, share: float, words: int) -> tuple[Tensor, Tensor]:
    """The sum of both losses; and (loss, share right) of the words and of the pairs."""
    ids, chosen = mask(batch.ids, share, words)
    found = model.bert(input_ids=ids, token_type_ids=batch.segments, attention_mask=(ids != PAD).long())
    guesses = model.cls.predictions(found.last_hidden_state[chosen])
    truth = batch.ids[chosen]
    word_loss = functional.cross_entropy(guesses, truth)
    relation = model.cls.seq_relationship(found.pooler_output)
    pairs = batch.labels >= 0
    pair_loss = (
        functional.cross_entropy(relation[pairs], batch.labels[pairs]) if pairs.any() else 0 * word_loss
    )
    right = (guesses.argmax(1) == truth).float().mean()
    same = (relation[pairs].argmax(1) == batch.labels[pairs]).float().mean() if pairs.any() else word_loss * 0
    return word_loss + pair_loss, torch.stack([word_loss, right, pair_loss, same]).detach()


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
    for name in ("lr", "masked", "dropout"):
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
