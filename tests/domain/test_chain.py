"""Links and their digests, as values."""

from __future__ import annotations

from hashlib import sha256

from ftbench.domain.chain import (
    JOBS,
    Link,
    content_of_claim,
    content_of_job,
    strand_of,
)

LINK = Link("a", 1, "finish", "job", "content", "", 5.0)


def test_a_links_digest_is_of_all_that_it_says_and_of_the_link_before() -> None:
    assert LINK.digest("") == sha256(b'["","a",1,"finish","job","content","",5.0]').hexdigest()
    others = [LINK._replace(**{name: "x"}).digest("") for name in LINK._fields]
    assert len({LINK.digest(""), LINK.digest("x"), *others}) == len(others) + 2


def test_a_jobs_content_is_the_same_in_any_order_and_way_of_writing_numbers() -> None:
    scores = [("dev", "f1", 1.0), ("dev", "accuracy", 0.1 + 0.2)]
    content = content_of_job("bidrop", 1.0, 2.0, None, scores)
    assert content == content_of_job("bidrop", 1, 2, None, [scores[1], ("dev", "f1", 1)])
    other = [("dev", "f1", 1.0), ("dev", "accuracy", 0.3)]
    assert content != content_of_job("bidrop", 1.0, 2.0, None, other), "to the last bit"
    for changed in (("b", 1.0, 2.0, None), ("bidrop", None, 2.0, None), ("bidrop", 1.0, 2.0, 1.0)):
        assert content != content_of_job(*changed, scores)


def test_what_is_no_json_has_a_content_too() -> None:
    assert len(content_of_job(b"\xff", "x", float("nan"), 10**400, [(b"", None, b"\x00")])) == 64
    row = dict.fromkeys("better worse models tasks noise reduction perturbation train_sizes".split(), b"x")
    assert len(content_of_claim({**row, "declared": 1e400, "scored": None})) == 64


def test_jobs_lie_in_sixteen_strands() -> None:
    assert {strand_of(digit + 63 * "0") for digit in "0123456789abcdef"} == set(JOBS)
    assert strand_of("") == strand_of("x") == "0"
