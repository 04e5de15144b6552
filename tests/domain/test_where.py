"""The language of ``--where``: what a text says, and how a wrong one is refused."""

from __future__ import annotations

import pytest

from ftbench.domain.hparams import Value
from ftbench.domain.where import DEEPEST, LONGEST, Home, JobField, Question, Where, holds, parse, vocabulary
from ftbench.errors import BadValue

FIELDS = vocabulary(
    [
        JobField(Home.JOB, "method", "text", spelled={"r-drop": "rdrop"}),
        JobField(Home.JOB, "state", "text", ("queued", "done")),
        JobField(Home.JOB, "seed", "number"),
        JobField(Home.PERTURBATION, "noise", "number"),
        JobField(Home.PERTURBATION, "train_size", "number"),
        JobField(Home.RECIPE, "lr", "number"),
        JobField(Home.RECIPE, "eps", "number"),
        JobField(Home.HPARAMS, "eps"),
        JobField(Home.HPARAMS, "k"),
        JobField(Home.HPARAMS, "warmup"),
    ]
)
JOB: dict[str, Value] = {
    "job.method": "bidrop",
    "job.state": "queued",
    "job.seed": 3,
    "perturbation.noise": 0.1,
    "recipe.lr": 2e-5,
    "recipe.eps": 1e-8,
    "hparams.eps": 0.5,
    "hparams.k": 2,
    "hparams.warmup": True,
}


def true_of_job(where: Where) -> bool:
    return holds(where, lambda field: JOB.get(f"{field.home}.{field.name}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("method=bidrop and noise>0", True),
        ("method = 'bidrop' AND noise >= 0.1", True),
        ("method == bidrop", True),
        ("method=r-drop", False),
        ("method != r-drop", True),
        ("noise > .05 and noise < 2e-1", True),
        ("noise < 0.1 or noise > 0.1", False),
        ("seed in (1, 2, 3)", True),
        ("seed not in (1,2,3)", False),
        ("not seed in (1,2)", True),
        ("method=rdrop and seed=3 or noise=0.1", True),
        ("method=rdrop and (seed=3 or noise=0.1)", False),
        ("not method=rdrop and seed=3", True),
        ("not (method=bidrop and seed=3)", False),
        ("lr=2e-5", True),
        ("eps < 0.1", True),
        ("hparams.eps < 0.1", False),
        ("k=2 and warmup=true", True),
        ("hparams.own_one = none", True),
        ("state in (queued, done)", True),
        ("seed > -1 and seed <= +3.0", True),
    ],
)
def test_an_expression_holds_of_a_job_or_not(text: str, expected: bool) -> None:
    assert true_of_job(parse(text, FIELDS)) is expected


@pytest.mark.parametrize("relation", ["<", "<=", ">", ">=", "=", "!="])
def test_of_what_a_job_lacks_all_but_unequal_is_false_and_not_turns_it_round(relation: str) -> None:
    where = parse(f"train_size {relation} 300", FIELDS)
    assert true_of_job(where) is (relation == "!=")
    assert true_of_job(parse(f"not train_size {relation} 300", FIELDS)) is (relation != "!=")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nois>0", "at 'nois' (character 1): there is no such field; did you mean 'noise'?"),
        ("method=bidrop and stat=done", "at 'stat' (character 19): .*did you mean 'state'?"),
        ("state=don", "at 'don' (character 7): no state is called so; did you mean 'done'?"),
        ("method<bidrop", "'method' is a text, which has no order"),
        ("seed=high", "at 'high' (character 6): 'seed' is a number"),
        ("hparams.k > high", "at 'high' (character 13): '>' needs a number"),
        ("method", "at its end: = != < <= > >= or 'in' is missing here"),
        ("", "at its end: a field is missing here"),
        ("method=", "at its end: a value is missing here"),
        ("(seed=1", "at its end: ')' is missing here"),
        ("seed=1 seed=2", "at 'seed' (character 8): 'and', 'or' or the end"),
        ("seed in 1", "at '1' (character 9): '(' is missing here"),
        ("seed not 1", "at '1' (character 10): 'in' is missing here"),
        ("seed=1; drop table jobs", "at ';' (character 7)"),
        ("seed=9e999", "the number is too large"),
        ("seed=99999999999999999999", "the number is too large"),
        ("hparams.k\"'=1", "at '\"' (character 10)"),
        ("and and and", "at 'and' (character 1): a field is missing"),
        ("(" * (DEEPEST + 1) + "seed=1", f"more than {DEEPEST} brackets"),
        ("not " * 200 + "seed=1", f"more than {DEEPEST} brackets"),
        ("seed=1" + " " * LONGEST, f"no more than {LONGEST:,} are read"),
    ],
)
def test_a_wrong_text_is_refused_at_its_place(text: str, said: str) -> None:
    with pytest.raises(BadValue) as refused:
        parse(text, FIELDS)
    for part in said.split(".*"):
        assert part in str(refused.value)


def test_a_name_that_two_homes_have_is_the_first_ones() -> None:
    assert parse("eps=1", FIELDS) == Question(JobField(Home.RECIPE, "eps", "number"), "=", (1,))
    assert parse("hparams.eps=1", FIELDS) == Question(JobField(Home.HPARAMS, "eps"), "=", (1,))
