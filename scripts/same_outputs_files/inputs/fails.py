"""A method that raises an error in its second step."""

from ftbench import Method


class Fails(Method):
    """Plain fine-tuning, then an error."""

    title = "Fails"

    def compute_loss(self, run, batch):
        if run.step > 0:
            raise RuntimeError("this method fails on purpose")
        return super().compute_loss(run, batch)
