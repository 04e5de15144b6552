"""How a study is declared, as it can be typed."""

from __future__ import annotations

from ftbench.services.planning.declaring import declare_command


def test_the_command_names_the_database_where_it_is_not_the_usual_one() -> None:
    assert declare_command("ftbench.db") == "ftbench tune --methods rdrop --tasks toy"
    assert declare_command("mine.db").endswith(" --db mine.db")
