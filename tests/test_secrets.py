"""What is masked, and what is left alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ftbench.secrets import masked, masked_values


@pytest.mark.parametrize("name", ["HF_TOKEN", "WANDB_API_KEY", "MY_SECRET", "PGPASSWORD", "db_password"])
def test_values_of_the_environment_are_masked_by_the_names_of_their_variables(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "s3cr3t-gateway-000")
    assert masked("it is s3cr3t-gateway-000!") == "it is <token>!"
    assert masked_values({"a": ["s3cr3t-gateway-000", 1]}) == {"a": ["<token>", 1]}


@pytest.mark.parametrize(
    "token",
    ["hf_" + "A1" * 10, "ghp_" + "b2" * 10, "github_pat_" + "c_3" * 9, "sk-" + "d4" * 12, "AKIA" + "E5" * 8],
)
def test_what_looks_like_a_token_is_masked(token: str) -> None:
    assert token not in masked(f"Authorization: Bearer {token}, done")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://user:geheim@h/x", "postgresql://user:***@h/x"),
        ("postgresql+psycopg://user:ge/he@im@h/x", "postgresql+psycopg://user:***@h/x"),
        ("postgresql://u@h/x?password=geheim&a=1", "postgresql://u@h/x?password=***&a=1"),
        ("https://hub/x?token=geheim", "https://hub/x?token=***"),
    ],
)
def test_passwords_of_addresses_are_masked(address: str, shown: str) -> None:
    assert masked(f"cannot open '{address}'") == f"cannot open '{shown}'"


@pytest.mark.parametrize(
    "text",
    ["bert-base", "0.125", "a" * 64, "http://localhost:8080/x", "lr=0.1", "ghost_story", "me@home.org"],
)
def test_other_texts_stay(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT_KEY", "bert")  # shorter than any secret
    assert masked(text) == text


def test_what_python_prints_in_a_training_process_is_masked() -> None:
    code = (
        "import sys; from ftbench.training.output import MaskedOutput as M; sys.stdout = M.over(sys.stdout);"
        "print('a', 'hf_' + 'x' * 20); print('b')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a <token>\nb\n"
