"""``ftbench publish`` as it is typed."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Ftbench


def test_it_says_what_it_wrote_and_where_to_begin(filled: Ftbench) -> None:
    done = filled("publish", "site")
    assert done.code == 0 and done.err == ""
    assert done.out.startswith("ftbench.db is published in site: ") and "open site/index.html" in done.out
    again = filled("publish", "site", "--json", "--title", "Ours & theirs")
    assert again.json["jobs"] == 17 and "Ours &amp; theirs" in Path("site/index.html").read_text()


def test_wrong_use_is_told_in_a_line(filled: Ftbench) -> None:
    for words, told in (
        (("publish", "."), "name a folder"),
        (("publish", "site", "--to", "owner/name"), "write hf://OWNER/NAME"),
        (("publish", "site", "--baseline", "vanila"), "did you mean 'vanilla'?"),
    ):
        done = filled(*words)
        assert done.code == 2 and told in done.err and done.err.count("\n") == 1, words


def test_what_cannot_be_done_is_told_in_a_line(filled: Ftbench) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("x")
    for words, told in (
        (("publish", "mine"), "mine holds notes.txt, which was not published"),
        (("publish", "site", "--db", "none.db"), "no database at none.db"),
        (("publish", "no/site"), "there is no folder no"),
        (("publish", "site", "--to", "hf://owner/name"), "hf://datasets/owner/name: "),
    ):
        done = filled(*words)
        assert done.code == 1 and told in done.err and done.err.count("\n") == 1, words
    assert not Path("site").exists() and Path("mine/notes.txt").read_text() == "x"
