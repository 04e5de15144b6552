"""Smoothed labels, and noise on the gradients that fades."""

from dataclasses import dataclass

from ftbench import Method, hparam


class NoisySmoothing(Method):
    """Label smoothing with annealed gradient noise."""

    title = "Label smoothing + gradient noise"
    paper = "Szegedy et al. 2016, arXiv:1512.00567; Neelakantan et al. 2015, arXiv:1511.06807"
    family = "regularisation"
    formula = "L = CE(p, (1-s)·y + s/classes);  g ← g + noise·rms(g)/(1+t)^0.275 · N(0, 1)"
    cost = "1 pass a step"
    memory = "none beyond vanilla's"
    neutral = {"smoothing": 0.0, "noise": 0.0}
    differs = ("the noise is relative to the size of each gradient; in the paper its scale is fixed.",)

    @dataclass(frozen=True)
    class HParams:
        smoothing: float = hparam(0.1, range=(0, 1), open="high", help="share of the label that is spread")
        noise: float = hparam(0.1, range=(0, 10), help="standard deviation, in rms of the gradient")

    def unsupported(self, model, task):
        return "label smoothing needs classes" if task.regression else None

    def compute_loss(self, run, batch):
        from torch.nn.functional import cross_entropy

        return cross_entropy(run.forward(batch), batch.labels, label_smoothing=self.hparams.smoothing)

    def edit_gradients(self, run, optimizer):
        scale = self.hparams.noise / (1 + run.step) ** 0.275
        for name, parameter in run.parameters.items():
            if (gradient := parameter.grad) is not None:
                noise = run.noise.normal(name, gradient.shape, like=gradient)
                gradient.add_(scale * gradient.square().mean().sqrt() * noise)
