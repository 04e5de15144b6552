"""What readers see of a method's name: its title, told apart where two share one, or what the user says."""

from __future__ import annotations

import pytest

from ftbench.domain.cards import MethodCard
from ftbench.errors import BadValue, UnknownName
from ftbench.services.scores.jobs import MethodKey
from ftbench.services.scores.own import NO_METHODS, OwnMethods
from ftbench.services.scores.titles import Naming, called_of, renames, title_of, titles

LABELS = {
    MethodKey("bidrop", '{"k": 2}'): "bidrop",
    MethodKey("bidrop", '{"k": 3}'): "bidrop[k=3,keep_ratio=0.5]",
    MethodKey("rdrop", "{}"): "rdrop",
    MethodKey("gone", "{}"): "gone",
}


def shown(labels: dict[MethodKey, str], cards: dict[str, str] | None = None, *texts: str) -> list[str]:
    own = OwnMethods(cards={name: MethodCard(title) for name, title in (cards or {}).items()})
    return list(titles(labels, own, Naming.of(texts)).values())


def test_a_method_is_called_by_its_title_and_what_departs_from_its_defaults() -> None:
    assert shown(LABELS) == ["Bi-Drop", "Bi-Drop (k=3, keep_ratio=0.5)", "R-Drop", "gone"]
    assert title_of("bidrop[k=3]", NO_METHODS) == "Bi-Drop (k=3)"


def test_methods_of_files_bring_their_titles_and_one_without_keeps_its_name() -> None:
    files = {"mine": "My way", "bare": ""}
    labels = {MethodKey(name, "{}"): name for name in files}
    assert shown(labels, files) == ["My way", "bare"]


def test_names_are_those_that_are_typed_where_they_are_asked_for() -> None:
    ids = Naming.of((), "id")
    assert list(titles(LABELS, NO_METHODS, ids).values()) == list(LABELS.values())
    assert title_of("bidrop[k=3]", NO_METHODS, ids) == "bidrop[k=3]"
    both = Naming.of(["bidrop=My-Method (ours)"], "id")
    assert list(titles(LABELS, NO_METHODS, both).values()) == [
        "My-Method (ours)",
        "My-Method (ours) (k=3, keep_ratio=0.5)",
        "rdrop",
        "gone",
    ]
    with pytest.raises(UnknownName, match="unknown --names 'ids'; did you mean 'id'"):
        Naming.of((), "ids")


def test_methods_that_are_known_by_their_labels_alone_have_titles_too() -> None:
    labels = ["bidrop", "bidrop[k=3]", "rdrop"]
    assert called_of(labels, NO_METHODS) == dict(
        zip(labels, ["Bi-Drop", "Bi-Drop (k=3)", "R-Drop"], strict=True)
    )
    renamed = called_of(labels, NO_METHODS, Naming.of(["bidrop=Ours", "rdrop=Theirs"]))
    assert list(renamed.values()) == ["Ours", "Ours (k=3)", "Theirs"]
    alike = called_of(labels, NO_METHODS, Naming.of(["rdrop=Bi-Drop"]))
    assert alike == {"bidrop": "bidrop", "bidrop[k=3]": "Bi-Drop (k=3)", "rdrop": "rdrop"}
    with pytest.raises(UnknownName, match="did you mean 'rdrop'"):
        called_of(labels, NO_METHODS, Naming.of(["rdorp=Ours"]))


@pytest.mark.parametrize("title", ["\x1b]0;x\x07", "a\u202eb", "a\ud800", "x" * 301])
def test_a_title_that_cannot_be_shown_is_refused(title: str) -> None:
    with pytest.raises(BadValue, match="a title is printable text"):
        renames([f"bidrop={title}"])


def test_two_methods_of_one_title_are_told_apart_by_their_names() -> None:
    files = {"mine": "Bi-Drop"}
    labels = {**LABELS, MethodKey("mine", "{}"): "mine"}
    assert shown(labels, files) == [
        "Bi-Drop (bidrop)",
        "Bi-Drop (bidrop, k=3, keep_ratio=0.5)",
        "R-Drop",
        "gone",
        "Bi-Drop (mine)",
    ]
    assert shown(labels, files, "mine=Ours")[-1] == "Ours"


def test_a_method_or_one_row_of_it_is_called_as_the_user_says() -> None:
    assert shown(LABELS, {}, "bidrop=Ours")[:2] == ["Ours", "Ours (k=3, keep_ratio=0.5)"]
    assert shown(LABELS, {}, "Bi-Drop=Ours", "bidrop[k=3,keep_ratio=0.5]=Ours = k3")[:2] == [
        "Ours",
        "Ours = k3",
    ]
    assert renames(["./there/mine.py=Ours"]) == {"mine": "Ours"}


@pytest.mark.parametrize("text", ["bidrop", "=Ours", "bidrop=", "bidrop= ", "bidrop[k=3]"])
def test_what_is_no_renaming_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="METHOD=TITLE"):
        renames([text])


def test_a_name_that_no_row_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'bidrop'"):
        shown(LABELS, {}, "bidorp=Ours")


@pytest.mark.parametrize("texts", [("bidrop=X", "rdrop=X"), ("bidrop=R-Drop",), ("bidrop=X", "bi-drop=Y")])
def test_two_methods_are_never_called_the_same(texts: tuple[str, ...]) -> None:
    with pytest.raises(BadValue, match="--rename: "):
        shown(LABELS, {}, *texts)
