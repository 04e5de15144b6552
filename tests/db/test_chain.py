"""The chain shows what was changed by hand, and leaves alone what came as it should."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ftbench.db import ClaimRow, Database, create_database, open_database, upgrade_database
from ftbench.db.backends.sqlite import Sqlite
from ftbench.domain.chain import Link
from ftbench.domain.claim import DeclaredClaim
from ftbench.domain.result import JobResult, Outcome, Score
from tests.db.samples import RESULT, claim, entry, execute

CLAIM = DeclaredClaim("bidrop", "vanilla")
OTHER = JobResult(scores=(Score("dev", "accuracy", 0.25), Score("dev", "f1", 1)))


def finish(database: Database, result: JobResult = RESULT) -> str:
    """End the next job well; its digest."""
    taken = claim(database)
    assert database.jobs.finish(taken, result)
    return taken.digest


def changed(database: Database) -> list[tuple[str, str]]:
    """What a check finds by the chain: the kind of trouble, and the first."""
    found = database.health.troubles()
    return [(one.kind, one.first) for one in found if one.kind in ("chain", "changed by hand")]


def declared(database: Database) -> ClaimRow:
    (row,) = database.claims.list()
    return row


@pytest.fixture
def claimed(database: Database) -> Database:
    """A claim, a job of each of its methods that ran after it, and one before it that it is not about."""
    database.jobs.add([entry(9, "rdrop")])
    finish(database)
    database.claims.add(CLAIM)
    database.jobs.add([entry(0), entry(0, "bidrop")])
    finish(database)
    finish(database, OTHER)
    return database


def test_what_comes_as_it_should_is_borne_out(claimed: Database) -> None:
    assert (changed(claimed), declared(claimed).counts, declared(claimed).untrue) == ([], True, "")


def test_every_way_in_and_out_has_a_link(database: Database) -> None:
    database.jobs.add([entry(seed) for seed in range(3)])
    first = finish(database)
    left = claim(database)
    database.jobs.fail(left, Outcome.USER, "wrong")
    assert database.jobs.complete(left.digest, OTHER, "elsewhere")
    database.jobs.restart({first: {}})
    assert changed(database) == [] and not database.jobs.restart({first: {}})
    assert finish(database) == first
    database.claims.add(CLAIM)
    assert declared(database).late
    database.claims.add(DeclaredClaim("rdrop", "dps"))
    assert database.claims.withdraw(DeclaredClaim("rdrop", "dps")) == 0
    assert changed(database) == []
    with database._store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT kind, subject FROM chain").all()
    assert sorted((kind, subject) for kind, subject in rows) == sorted(
        [("finish", first), ("ingest", left.digest), ("restart", first), ("finish", first)]
        + [("claim", CLAIM.text), ("claim", "rdrop > dps"), ("withdraw", "rdrop > dps")]
    )


BY_HAND = [
    ("UPDATE scores SET value = 0.76 WHERE value = 0.75", "its scores were changed"),
    ("DELETE FROM scores WHERE metric = 'f1'", "its scores were changed"),
    ("DELETE FROM scores", "its scores were deleted"),
    ("UPDATE attempts SET ended = ended + 1", "its scores were changed"),
    ("UPDATE attempts SET started = NULL", "its scores were changed"),
    ("UPDATE jobs SET label = 'bidrop' WHERE label = 'vanilla'", "its scores were changed"),
    ("UPDATE claims SET declared = declared - 100", "the claim was changed"),
    ("UPDATE claims SET tasks = '[\"toy-entail\"]'", "the claim was changed"),
    ("DELETE FROM chain WHERE kind = 'claim'", "the claim was inserted"),
]


@pytest.mark.parametrize(("change", "found"), BY_HAND)
def test_rows_that_were_changed_by_hand_are_named_and_spoil_the_claim(
    claimed: Database, change: str, found: str
) -> None:
    execute(claimed, change)
    (*_, (kind, first)) = changed(claimed)
    assert kind == "changed by hand" and found in first
    assert declared(claimed).untrue and not declared(claimed).counts


def test_a_change_to_a_job_that_a_claim_is_not_about_leaves_it_alone(claimed: Database) -> None:
    execute(claimed, "UPDATE scores SET value = 0.1 WHERE digest IN (SELECT digest FROM jobs WHERE seed = 9)")
    assert [kind for kind, _ in changed(claimed)] == ["changed by hand"]
    assert declared(claimed).counts


def test_a_claim_or_score_that_was_inserted_by_hand_is_found(claimed: Database) -> None:
    columns = (
        "better, worse, models, tasks, noise, reduction, perturbation, train_sizes, declared, scored, places"
    )
    execute(claimed, f"INSERT INTO claims (text, {columns}) SELECT 'b > a', {columns} FROM claims")
    claimed.jobs.add([entry(5)])
    execute(claimed, "UPDATE jobs SET state = 'done' WHERE seed = 5")
    execute(
        claimed,
        "INSERT INTO scores (digest, evaluation, metric, value) "
        "SELECT digest, 'dev', 'accuracy', 0.9 FROM jobs WHERE seed = 5",
    )
    found = [first for _, first in changed(claimed)]
    assert (
        "its scores were inserted by hand" in found[0] and "b > a: the claim was inserted by hand" in found[1]
    )


def test_a_job_that_was_deleted_with_all_its_rows_spoils_every_claim(claimed: Database) -> None:
    for table in ("scores", "curves", "predictions", "provenance", "attempts", "jobs"):
        execute(
            claimed, f"DELETE FROM {table} WHERE digest IN (SELECT digest FROM jobs WHERE label = 'vanilla')"
        )
    assert [kind for kind, _ in changed(claimed)] == ["changed by hand"]
    assert "was deleted by hand" in declared(claimed).untrue


def test_a_run_that_was_thrown_away_and_made_again_does_not_count(claimed: Database) -> None:
    execute(claimed, "DELETE FROM scores WHERE digest IN (SELECT digest FROM jobs WHERE label = 'bidrop')")
    execute(claimed, "UPDATE jobs SET state = 'queued' WHERE label = 'bidrop'")
    for table in ("curves", "predictions"):
        execute(
            claimed, f"DELETE FROM {table} WHERE digest IN (SELECT digest FROM jobs WHERE state = 'queued')"
        )
    finish(claimed)
    assert changed(claimed) == [], "it is what the last link tells of"
    assert "made again" in declared(claimed).untrue


def test_scores_that_were_hidden_while_a_claim_was_made_are_older_than_it(database: Database) -> None:
    database.jobs.add([entry(0), entry(0, "bidrop")])
    finish(database)
    execute(database, "CREATE TABLE hidden AS SELECT * FROM scores")
    execute(database, "DELETE FROM scores")
    database.claims.add(CLAIM)
    execute(database, "INSERT INTO scores SELECT * FROM hidden")
    execute(database, "DROP TABLE hidden")
    assert declared(database).scored == 0 and changed(database) == []
    assert "had scores before" in declared(database).untrue


def test_scores_that_a_job_had_before_it_was_run_again_make_a_claim_late(database: Database) -> None:
    database.jobs.add([entry(0)])
    database.jobs.restart({finish(database): {}})
    database.claims.add(CLAIM)
    assert (declared(database).scored, declared(database).untrue) == (1, "")


LINKS = [
    ("UPDATE chain SET content = 'x' WHERE kind = 'finish'", "was changed"),
    ("UPDATE chain SET time = time - 100", "was changed"),
    ("UPDATE chain SET subject = 'x' WHERE kind = 'claim'", "was changed"),
    ("UPDATE chain SET ends = '[]'", "was changed"),
    ("UPDATE chain_ends SET digest = 'x'", "does not end where it did"),
    ("DELETE FROM chain_ends WHERE sequence = 0", "does not end where it did"),
    ("DELETE FROM chain WHERE subject IN (SELECT digest FROM jobs)", "does not end where it did"),
    ("UPDATE chain SET sequence = sequence + 5", "were removed"),
]


@pytest.mark.parametrize(("change", "found"), LINKS)
def test_links_that_were_changed_or_removed_spoil_every_claim(
    claimed: Database, change: str, found: str
) -> None:
    execute(claimed, change)
    (kind, first), *_ = changed(claimed)
    assert kind == "chain" and found in first
    assert declared(claimed).untrue.startswith("the chain is broken")


def test_a_strand_that_was_made_anew_is_another_than_before_the_claim(claimed: Database) -> None:
    """Whoever makes one strand anew must make the claims after it anew, too."""
    (digest,) = (row.digest for row in claimed.jobs.list() if row.label == "rdrop")
    with claimed._store.writing() as transaction:
        (row,) = transaction.all("SELECT * FROM chain WHERE subject = :subject", subject=digest)
        link = Link(*row[:7])._replace(content="other")
        for statement in (
            "UPDATE chain SET content = 'other', digest = :digest WHERE strand = :strand AND sequence = 1",
            "UPDATE chain_ends SET digest = :digest WHERE strand = :strand AND sequence = 1",
        ):
            transaction.run(statement, digest=link.digest(""), strand=link.strand)
    assert any("than before the claim" in first for kind, first in changed(claimed) if kind == "chain")


@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM chain_ends", "DELETE FROM chain", "UPDATE chain_ends SET sequence = 0, digest = ''"],
)
def test_a_damaged_chain_keeps_no_result_from_being_recorded(claimed: Database, damage: str) -> None:
    execute(claimed, damage)
    claimed.jobs.add([entry(seed, "dps") for seed in range(40)])
    assert len({finish(claimed) for _ in range(40)}) == 40
    assert claimed.claims.add(DeclaredClaim("dps", "vanilla"))
    assert changed(claimed)[0][0] == "chain"


@pytest.mark.parametrize("column", ["sequence", "kind", "subject", "ends", "time", "digest"])
def test_links_of_other_types_stop_nothing(claimed: Database, column: str) -> None:
    if not isinstance(claimed._store.backend, Sqlite):
        pytest.skip("its columns take their own type alone")
    execute(claimed, f"UPDATE chain SET {column} = CAST('x' || {column} AS BLOB) WHERE kind = 'finish'")
    claimed.jobs.add([entry(seed, "dps") for seed in range(20)])
    assert len({finish(claimed) for _ in range(20)}) == 20
    assert any("unreadable" in line for line in claimed.claims.chain().broken)


def test_what_came_from_elsewhere_is_held_to_when_it_began(database: Database) -> None:
    database.jobs.add([entry(0)])
    digest = entry(0).job.digest
    result = JobResult(RESULT.scores, provenance={"began": 5.0})
    assert database.jobs.complete(digest, result, "elsewhere") and changed(database) == []
    execute(database, "UPDATE provenance SET facts = replace(facts, '5.0', '9.0')")
    assert changed(database)[0][1].endswith("its scores were changed by hand")


def test_a_result_without_scores_is_no_change_by_hand(database: Database) -> None:
    database.jobs.add([entry(0)])
    finish(database, JobResult(curves=RESULT.curves))
    assert changed(database) == []


def test_links_that_hold_anything_are_told_in_words(claimed: Database) -> None:
    execute(claimed, "UPDATE chain SET digest = 'x' || digest, kind = 'y'")
    execute(claimed, "UPDATE chain SET ends = '[1' WHERE strand = 'claims'")
    assert changed(claimed)[0][0] == "chain"


def test_an_upgraded_database_has_a_link_for_what_was_there(address: str) -> None:
    with create_database(address) as database:
        database.jobs.add([entry(0), entry(1)])
        finish(database)
        database.claims.add(CLAIM)
        execute(database, "DROP TABLE chain")
        execute(database, "DROP TABLE chain_ends")
        execute(database, "UPDATE alembic_version SET version_num = '0005'")
    upgrade_database(address)
    with open_database(address) as database:
        finish(database)
        assert changed(database) == [] and declared(database).scored == 1
        with database._store.reading() as connection:
            kinds = connection.exec_driver_sql("SELECT kind FROM chain ORDER BY kind").scalars().all()
        assert kinds == ["before", "before", "finish"]
        execute(database, "UPDATE scores SET value = value / 2")
        assert changed(database)[0][1].endswith("its scores were changed by hand")


def test_merging_takes_links_along_and_lets_a_claim_count(claimed: Database, tmp_path: Path) -> None:
    with create_database(str(tmp_path / "all.db")) as all_:
        all_.merge(claimed)
        assert changed(all_) == [] and declared(all_).counts
        before = all_.claims.ends()
        all_.merge(claimed)
        assert all_.claims.ends() == before, "again changes nothing"
        execute(all_, "UPDATE scores SET value = value / 2")
        assert not declared(all_).counts


def test_an_earlier_claim_from_elsewhere_counts_over_a_late_one_from_here(
    claimed: Database, tmp_path: Path
) -> None:
    with create_database(str(tmp_path / "all.db")) as all_:
        all_.jobs.add([entry(0), entry(0, "bidrop")])
        finish(all_)
        all_.claims.add(CLAIM)
        assert not declared(all_).counts
        all_.merge(claimed)
        assert (declared(all_).counts, declared(all_).untrue, changed(all_)) == (True, "", [])


def test_ends_of_many_jobs_at_once_lose_no_link(address: str) -> None:
    with create_database(address) as database:
        database.jobs.add([entry(seed) for seed in range(40)])

        def work() -> None:
            with open_database(address) as mine:
                while taken := mine.jobs.claim("w", 60.0):
                    mine.jobs.finish(taken, RESULT)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert changed(database) == []
        assert sum(sequence for sequence, _ in database.claims.ends().values()) == 40
