"""A fine-tuning script as papers publish them: one run on the Hugging Face Trainer, a process of its own.

    python -m benchmarks._usual_script FOLDER TASK METHOD SEED OUT [--padded]

``FOLDER`` holds ``TASK.train.jsonl`` and ``TASK.dev.jsonl``, as ``benchmarks.grid`` writes them, and
``settings.json``. The methods are written as they are in such scripts: overridden steps of the Trainer that
do the passes of the paper. Their scores are not those of ftbench's methods, whose details matter there; the
work is the same: R-Drop's two passes and their divergence, Bi-Drop's two passes and a threshold a tensor,
DPS's squared gradients and a threshold a tensor every so many steps.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
import transformers
from scipy import stats
from torch import nn
from torch.nn import functional as F

KEEP = 0.7  # of the gradients' entries, for the methods that select
RENEW = 10  # steps after which DPS chooses anew
ALPHA = 1.0  # of R-Drop's divergence


class RDrop(transformers.Trainer):
    """R-Drop: the loss of two passes, and how far apart their outputs are."""

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *given: Any, **named: Any) -> Any:
        """The loss of a batch."""
        if not model.training:
            return super().compute_loss(model, inputs, *given, **named)
        one, two = model(**inputs), model(**inputs)
        loss = (one.loss + two.loss) / 2
        if one.logits.shape[-1] == 1:
            return loss + ALPHA * F.mse_loss(one.logits, two.logits)
        p, q = F.log_softmax(one.logits, -1), F.log_softmax(two.logits, -1)
        apart = F.kl_div(p, q, log_target=True, reduction="batchmean")
        back = F.kl_div(q, p, log_target=True, reduction="batchmean")
        return loss + ALPHA * (apart + back) / 2


class BiDrop(transformers.Trainer):
    """Bi-Drop: the mean gradient of two passes, where it is large against its spread and the weight."""

    def training_step(self, model: nn.Module, inputs: dict[str, Any], *given: Any, **named: Any) -> Any:
        """Two passes, and the mask."""
        one = super().training_step(model, inputs)
        first = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
        model.zero_grad()
        two = super().training_step(model, inputs)
        for name, p in model.named_parameters():
            if p.grad is None:
                continue
            mean = (first[name] + p.grad) / 2
            if ".layer." in name:
                spread = ((first[name] - mean) ** 2 + (p.grad - mean) ** 2).sqrt()
                factor = mean.abs() / (spread + 1e-12) * mean.abs() / (p.abs() + 1e-12)
                mean = mean * (factor >= threshold(factor))
            p.grad.copy_(mean)
        return (one + two) / 2


class DPS(transformers.Trainer):
    """DPS: squared gradients summed over some steps choose what trains in the next ones."""

    def __init__(self, *given: Any, **named: Any) -> None:
        """Nothing summed yet."""
        super().__init__(*given, **named)
        self.squares: dict[str, torch.Tensor] = {}
        self.masks: dict[str, torch.Tensor] = {}
        self.steps = 0

    def training_step(self, model: nn.Module, inputs: dict[str, Any], *given: Any, **named: Any) -> Any:
        """A pass, the sums and the mask."""
        loss = super().training_step(model, inputs)
        self.steps += 1
        for name, p in model.named_parameters():
            if p.grad is None or ".layer." not in name:
                continue
            square = p.grad**2
            self.squares[name] = self.squares[name] + square if name in self.squares else square
            if self.steps % RENEW == 0:
                self.masks[name] = self.squares[name] >= threshold(self.squares.pop(name))
            if name in self.masks:
                p.grad.mul_(self.masks[name])
        return loss


TRAINERS = {"vanilla": transformers.Trainer, "rdrop": RDrop, "bidrop": BiDrop, "dps": DPS}


def threshold(values: torch.Tensor) -> torch.Tensor:
    """The least of the entries that are kept."""
    return values.flatten().sort().values[int((1 - KEEP) * values.numel())]


def main() -> int:
    """Train and evaluate once."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for name in ("folder", "task", "method", "seed", "out"):
        parser.add_argument(name)
    parser.add_argument("--padded", action="store_true", help="every batch to the full length")
    options = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    folder = Path(options.folder)
    told = json.loads((folder / "settings.json").read_text())
    transformers.set_seed(int(options.seed))
    files = {part: str(folder / f"{options.task}.{part}.jsonl") for part in ("train", "dev")}
    data = datasets.load_dataset("json", data_files=files, cache_dir=str(folder / "cache"))
    kinds = told["kinds"][options.task]
    tokenizer = transformers.AutoTokenizer.from_pretrained(told["model"])
    positions = transformers.AutoConfig.from_pretrained(told["model"]).max_position_embeddings
    padding: Any = "max_length" if options.padded else False

    def tokenized(rows: dict[str, Any]) -> Any:
        pairs = [rows[name] for name in ("first", "second") if rows.get(name) and rows[name][0] is not None]
        return tokenizer(*pairs, truncation=True, max_length=min(told["length"], positions), padding=padding)

    data = data.map(tokenized, batched=True)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(told["model"], num_labels=kinds)
    arguments = transformers.TrainingArguments(
        options.out,
        per_device_train_batch_size=told["batch"],
        per_device_eval_batch_size=told["batch"],
        num_train_epochs=told["epochs"],
        learning_rate=told["lr"],
        warmup_steps=0.1,
        weight_decay=0.01,
        seed=int(options.seed),
        use_cpu=not torch.cuda.is_available(),
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    trainer = TRAINERS[options.method](
        model,
        arguments,
        train_dataset=data["train"],
        eval_dataset=data["dev"],
        processing_class=tokenizer,
        data_collator=transformers.DataCollatorWithPadding(tokenizer),
        compute_metrics=lambda found: {"score": score(found.predictions, found.label_ids)},
    )
    trainer.train()
    print(trainer.evaluate()["eval_score"])
    return 0


def score(logits: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> float:
    """Accuracy, or Spearman's correlation of numbers."""
    if logits.shape[-1] == 1:
        return float(stats.spearmanr(logits[:, 0], labels).statistic)
    return float((logits.argmax(-1) == labels).mean())


if __name__ == "__main__":
    sys.exit(main())
