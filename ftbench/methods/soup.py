"""Model soup: the average of several fine-tuned models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.methods.base import JobTrainer, Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.domain.task import TaskSpec
    from ftbench.nn.averaging import StateAverage


class Soup(Method):
    """Model soup (Wortsman et al. 2022, arXiv:2203.05482): weights of runs with other seeds, averaged."""

    title = "Model soup"
    paper = "Wortsman et al. 2022, arXiv:2203.05482, Alg. 1; as a baseline: Somayajula et al. 2024, App. H"
    family = "averaging"
    formula = "W = (1/n) Σ W_i;  greedy: best first, W_i is taken in where the mean's held-out metric rises"
    cost = "members trainings, one after the other; greedy: 2·members - 1 evaluations of 10 % more"
    memory = (
        "nothing on the GPU; in main memory one running sum (greedy: the members, too), on disk one finished "
        "member each"
    )
    published = {"ties": False}
    neutral = {"members": 1}
    differs = (
        "members: the paper averages runs with different hyper-parameters; the low-resource baseline five "
        "runs of one setting that differ by seed, which is what is done here.",
        "shared_head=false (default, as the published baseline): each member draws its own new layers, so "
        "that heads of different directions are averaged, which costs score; true gives all members the "
        "first one's.",
        "selection=greedy needs rows to choose by: it holds 10 % of the training rows out, and its members "
        "do not train on them (our choice).",
        "ties=false (variant=published): the released loop takes a member in only where the metric rises; "
        "the paper's Alg. 1, and the default, also where it stays. On few rows ties are common.",
        "only floating-point tensors are averaged (our choice).",
    )

    @dataclass(frozen=True)
    class HParams:
        """The soup's hyper-parameters."""

        members: int = hparam(5, range=(1, 100), unit="runs", help="models to average", grid=(2, 3, 5))
        selection: str = hparam(
            "uniform", choices=("uniform", "greedy"), help="average all, or those that help"
        )
        ties: bool = hparam(True, help="greedy: take in what leaves the metric as it is, too")
        shared_head: bool = hparam(False, help="the new layers begin alike in all members")

    @property
    def held_out_fraction(self) -> float:  # type: ignore[override]
        """The rows that greedy selection scores."""
        return 0.1 if self.hparams.selection == "greedy" else 0.0

    def passes(self, task: TaskSpec, epochs: float) -> float:
        """Of every member, on the rows that are not held out."""
        return self.hparams.members * (1.0 - self.held_out_fraction)

    def fit(self, trainer: JobTrainer) -> nn.Module:
        """Train the members one after the other; the last one's module carries the average."""
        from ftbench.nn.averaging import StateAverage

        greedy = self.hparams.selection == "greedy"
        average = StateAverage()
        scores: list[float] = []
        states: list[dict[str, Tensor]] = []
        model: nn.Module | None = None
        for number in range(self.hparams.members):
            model = None  # one model at a time: the last is let go before the next is built
            model = self._member(trainer, number)
            if greedy:
                scores.append(trainer.evaluate(model)[trainer.task.metric])
                states.append({n: v.detach().to("cpu", copy=True) for n, v in model.state_dict().items()})
            else:
                average.add(model.state_dict())
        assert model is not None
        if greedy:
            average = _greedy(trainer, model, scores, states, ties=self.hparams.ties)
        model.load_state_dict(average.mean())
        return model

    def _member(self, trainer: JobTrainer, number: int) -> nn.Module:
        """The first member has the job's seed, the others seeds of no other job."""
        if number == 0:
            return trainer.run(self).model
        name, job = f"member-{number}", trainer.job
        head = {"head": job.seed_of("head")} if self.hparams.shared_head else None
        return trainer.run(self, name=name, seed=trainer.member_seed(name), streams=head).model


def _greedy(
    trainer: JobTrainer, model: nn.Module, scores: list[float], states: list[dict[str, Tensor]], *, ties: bool
) -> StateAverage:
    """The members that do not lower the held-out metric, tried in the order of their own.

    Args:
        trainer: scores.
        model: a module that the averages are loaded into.
        scores: of every member.
        states: of every member, in main memory.
        ties: whether a metric that stays is enough.

    Returns:
        The average of those taken.
    """
    from ftbench.nn.averaging import StateAverage

    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    kept, best = StateAverage(), scores[order[0]]
    kept.add(states[order[0]])
    for number in order[1:]:
        model.load_state_dict(kept.mean(states[number]))
        score = trainer.evaluate(model)[trainer.task.metric]
        if score > best or (ties and score == best):
            kept.add(states[number])
            best = score
    return kept
