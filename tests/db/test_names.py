"""Names of models from folders."""

from __future__ import annotations

import pytest

from ftbench.db.names import told_apart


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/x/run1/c", "/x/run2/c"], ["folder:run1/c", "folder:run2/c"]),
        (["/a/run/c", "/b/run/c"], ["folder:a/run/c", "folder:b/run/c"]),
        (["/c", "/b/c"], ["folder:/c", "folder:b/c"]),
        (["/a/x/c", "/b/x/c", "/b/y/c"], ["folder:a/x/c", "folder:b/x/c", "folder:b/y/c"]),
        (["/a/c", "/a/c"], ["folder:c@sha256:aaaaaaa0", "folder:c@sha256:aaaaaaa1"]),
        (["/a/c", "/a/c", "/b/c"], ["folder:c@sha256:aaaaaaa0", "folder:c@sha256:aaaaaaa1", "folder:b/c"]),
        ([None, "/a/c"], ["folder:c@sha256:aaaaaaa0", "folder:a/c"]),
    ],
)
def test_the_shortest_end_that_differs_else_the_content(paths: list[str | None], names: list[str]) -> None:
    found = [(f"sha256:aaaaaaa{at}9876", path) for at, path in enumerate(paths)]
    told = told_apart(("folder:c", revision, path) for revision, path in found)
    assert [told["folder:c", revision] for revision, _ in found] == names


def test_what_is_one_keeps_its_id() -> None:
    assert not told_apart(
        [("folder:c", "sha256:1", "/a/c"), ("bert-base", "main", None), ("bert-base", "v2", None)]
    )
