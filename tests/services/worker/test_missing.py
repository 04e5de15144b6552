"""What is missing, and the command that brings it."""

from __future__ import annotations

from ftbench.services.worker.missing import Missing


def test_what_is_missing_is_said_with_the_command_that_brings_it() -> None:
    both = Missing(("a/b", "bert-base"), ("cola",), "HF_HUB_OFFLINE is set")
    assert both.words == (
        "models a/b, bert-base and the rows of cola are not in the Hugging Face cache, and HF_HUB_OFFLINE is "
        "set; `ftbench prepare --models a/b,bert-base --tasks cola` downloads them where there is a network, "
        "or --data-dir names a folder with the rows"
    )
    assert Missing(("bert-base",)).words == (
        "model bert-base is not in the Hugging Face cache; `ftbench prepare --models bert-base` downloads it "
        "where there is a network"
    )
