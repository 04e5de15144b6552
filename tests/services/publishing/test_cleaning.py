"""What texts may tell others."""

from __future__ import annotations

import pytest

from ftbench.services.publishing.cleaning import cleaned


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cannot read /home/me/data/x.tsv", "cannot read ./x.tsv"),
        ("/home/me/mine.py", "./mine.py"),
        ("/data", "./data"),
        ("/data/glue/", "./"),
        ('File "/u/venv/lib/python3.11/site-packages/torch/nn/a.py", line 3', 'File "torch/nn/a.py", line 3'),
        ("--db sqlite:////home/me/a.db", "--db ./a.db"),
        ("file:///home/me/x", "./x"),
        ("C:\\Users\\me\\x.py failed", "./x.py failed"),
        ("--db=/srv/x/y.db and ~/z", "--db=./y.db and ~/z"),
    ],
)
def test_folders_of_this_machine_go_and_names_stay(text: str, told: str) -> None:
    assert cleaned(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "https://huggingface.co/owner/name/resolve/main/x.json",
        "owner/name at main",
        "n/c, 3/4, and/or",
        "./mine.py:Method",
        "a / b",
        "r|drop *new*",
        "",
        "score − score",
    ],
)
def test_what_is_no_path_of_a_machine_stays(text: str) -> None:
    assert cleaned(text) == text


def test_tokens_and_passwords_are_masked() -> None:
    told = cleaned("hf_abcdefghijklmnopqrst at postgresql://me:hunter22@host/db")
    assert "hf_abc" not in told and "hunter22" not in told
