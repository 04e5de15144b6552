"""Ways of breaking a method: what is written in place of what, and which check must say so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Breaking:
    """A small edit of a right method.

    Attributes:
        method: whose file, in ``own/``.
        check: which must fail.
        said: part of what it says.
        before: the text that is there, once.
        after: what is written in its place.
    """

    method: str
    check: str
    said: str
    before: str
    after: str


_ROWS = """                rows=batch.rows,
                lengths=batch.lengths,
                left=batch.left,
"""
_NOISE = f"""run.noise.uniform(
                "embeddings",
                words.shape,
                -1.0,
                1.0,
                like=words,
{_ROWS}            )"""
_LOSS = "return run.task.loss(logits, batch.labels)"
_CARD = '    family = "regularisation"\n'

BREAKINGS = {
    # what the class says of itself
    "a hook with a slip in its name": Breaking(
        "neftune", "hooks", "neftune.py:34: nothing calls 'compute_los'", "compute_loss(", "compute_los("
    ),
    "a hook with the name of another library": Breaking(
        "lookahead", "hooks", "did you mean 'on_train_start'", "on_train_start", "on_training_start"
    ),
    "a hook that forgets an argument": Breaking(
        "masked", "hooks", "called as edit_gradients(self, run, optimizer)", ", optimizer: Optimizer)", ")"
    ),
    "no title": Breaking("neftune", "title", "no title", 'title = "NEFTune"', 'title = ""'),
    "the title of another method": Breaking(
        "neftune", "title", "is that of rdrop", 'title = "NEFTune"', 'title = "R-Drop"'
    ),
    "a family that listings do not have": Breaking(
        "neftune", "family", "did you mean 'regularisation'", '"regularisation"', '"regularization"'
    ),
    "a default outside its range": Breaking(
        "neftune", "hyper-parameters", "5.0 is outside [0, 1]", "range=(0, 100)", "range=(0, 1)"
    ),
    "a number without a range": Breaking(
        "masked", "hyper-parameters", "period has no range", "10, range=(1, 1000), ", "10, "
    ),
    "hyper-parameters that can be changed": Breaking(
        "lookahead", "hyper-parameters", "frozen", "@dataclass(frozen=True)", "@dataclass"
    ),
    "a recipe setting that does not exist": Breaking(
        "neftune",
        "recipe",
        "did you mean 'epochs'",
        "    @dataclass",
        "    @classmethod\n    def recipe_defaults(cls, variant='paper'):\n        return {'epoch': 5}\n\n"
        "    @dataclass",
    ),
    "torch at the top of the file": Breaking(
        "masked", "light import", "loads torch", "from ftbench import", "import torch\n\nfrom ftbench import"
    ),
    # what its steps do
    "gradient ascent": Breaking("neftune", "learns", "it climbs", _LOSS, _LOSS.replace("run", "-run", 1)),
    "gradients of zero": Breaking("masked", "learns", "learns nothing", "mul_(mask)", "mul_(0 * mask)"),
    "no step of the optimiser": Breaking(
        "lookahead",
        "learns",
        "learns nothing",
        "super().training_step(run, batch)",
        "run.backward(self.compute_loss, batch)",
    ),
    "scored weights that are left behind": Breaking(
        "lookahead", "learns", "learns nothing", "slow.lerp_(fast, self.hparams.alpha)", "slow = fast.clone()"
    ),
    "a doubled loss": Breaking(
        "neftune", "loss scale", "the loss of a batch is 2 times", _LOSS, _LOSS + " * 2"
    ),
    "a sum for a mean": Breaking(
        "neftune", "loss scale", "the mean over the batch", _LOSS, _LOSS + " * len(batch)"
    ),
    "noise that is drawn and not added": Breaking(
        "neftune", "differs from vanilla", "exactly as vanilla", "words + noise * scale", "words + 0 * scale"
    ),
    "a neutral setting that is none": Breaking(
        "lookahead", "neutral", "not those of vanilla", '"alpha": 1.0}', '"alpha": 0.9}'
    ),
    "a loss that is no number": Breaking(
        "neftune", "classification", "not finite from step 1", _LOSS, _LOSS + ' * float("nan")'
    ),
    "no loss given back": Breaking(
        "lookahead", "classification", "must return the loss", "        return loss\n", ""
    ),
    # where its numbers come from
    "noise of torch": Breaking(
        "neftune",
        "draws",
        "neftune.py:39: torch (uniform_)",
        _NOISE,
        "torch.empty_like(words).uniform_(-1, 1)",
    ),
    "noise of numpy": Breaking(
        "neftune",
        "draws",
        "numpy.random draws",
        _NOISE,
        "torch.as_tensor(__import__('numpy').random.uniform(-1, 1, words.shape)).to(words)",
    ),
    "noise of random": Breaking(
        "masked", "draws", "random draws", "mul_(mask)", "mul_(mask * __import__('random').random())"
    ),
    "a generator of its own": Breaking(
        "masked",
        "draws",
        "default_rng makes",
        "mul_(mask)",
        "mul_(mask * __import__('numpy').random.default_rng(0).random())",
    ),
    "a time for a seed": Breaking(
        "masked",
        "same seed",
        "two runs with one seed differ",
        "mul_(mask)",
        "mul_(mask * (__import__('time').time_ns() % 7 + 1))",
    ),
    "noise that does not end with training": Breaking(
        "neftune",
        "evaluation",
        "two evaluations of one model differ",
        "    def compute_loss",
        "    def configure_model(self, model, run):\n"
        "        model.classifier.register_forward_hook(\n"
        "            lambda m, i, o: o + run.noise.normal('x', o.shape, like=o)\n        )\n\n"
        "    def compute_loss",
    ),
    # what it keeps
    "state that is not kept": Breaking(
        "masked",
        "resume",
        "read in load_state_dict() only what is in it",
        'return {"masks": self._masks}',
        "return {}",
    ),
    "state that is not taken back": Breaking(
        "masked", "resume", "the weights differ", 'self._masks = dict(state["masks"])', "pass"
    ),
    "slow weights that begin anew": Breaking(
        "lookahead",
        "resume",
        "the weights differ",
        'self._slow = dict(state["slow"])',
        'self._slow = {n: t * 0.99 for n, t in state["slow"].items()}',
    ),
    "a count of its own": Breaking(
        "lookahead",
        "resume",
        "the weights differ",
        "        if (run.step + 1) %",
        "        self.count = getattr(self, 'count', 0) + 1\n        if self.count %",
    ),
    "a checkpoint of objects": Breaking(
        "masked",
        "resume",
        "cannot be loaded",
        'return {"masks": self._masks}',
        "return {'masks': self._masks, 'run': __import__('fractions').Fraction(1)}",
    ),
    "noise that does not name its rows": Breaking("neftune", "accumulation", "names its rows", _ROWS, ""),
    "a loss by rows where words are labelled": Breaking(
        "neftune",
        "labels of words",
        "a loss is the mean",
        _LOSS,
        "return run.task.loss(logits, batch.labels) * len(batch.labels) / len(batch)",
    ),
}
