"""Plug-in files of jobs: which of them this worker may run, and where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ftbench import trust


class NamedFiles:
    """Decides about the files that a job names; see ``ftbench.trust``.

    A file that was named elsewhere than the job says stands in for it where both hold the same.

    Attributes:
        left: why jobs were refused since it was last cleared, by file.
    """

    def __init__(self, given: Iterable[str], say: Callable[[str], None]) -> None:
        """Take the files that the worker was given, which are named by that."""
        self._given = [trust.name(path) for path in given]
        self._say, self._said = say, set[str]()
        self.left: dict[str, str] = {}

    def refused(self, places: Mapping[str, Any]) -> str | None:
        """Why a job with these places is not run here; None where it may be. Said once."""
        queued = _digests(places)
        for path in wanted(places):
            if self._place(path, queued.get(path, "")) is None:
                self.left[path] = self._why(path, queued.get(path, ""))
                self._once(f"jobs that run {path} stay queued: {self.left[path]}")
                return self.left[path]
        return None

    def here(self, places: Mapping[str, Any]) -> dict[str, Any]:
        """The places with each file where it was named; to be asked of what is not refused."""
        queued, found = _digests(places), dict(places)
        at = {path: self._place(path, queued.get(path, "")) or path for path in wanted(places)}
        for path, place in at.items():
            known = queued.get(path)
            if known and trust.digest(place) != known:
                self._once(f"{place} has changed since jobs were queued with it: they run it as it is now")
        if places.get("plugins"):
            found["plugins"] = [at[path] for path in places["plugins"]]
        if places.get("perturbations"):
            found["perturbations"] = {name: at[path] for name, path in places["perturbations"].items()}
        return found

    def _place(self, path: str, queued: str) -> str | None:
        if trust.is_named(path):
            return path
        same = (other for other in self._others(path) if queued and trust.digest(other) == queued)
        return next(same, None)

    def _others(self, path: str) -> list[str]:
        known = [*self._given, *trust.from_environment()]
        return [other for other in known if Path(other).name == Path(path).name]

    def _why(self, path: str, queued: str) -> str:
        for other in self._others(path):
            if queued:
                return f"{other} is another file (SHA-256 {trust.digest(other)[:12]}, queued {queued[:12]})"
            return f"{other} may be another file: which one was queued is not recorded"
        return f"it was not named on this machine as it is now; {trust.HOW}"

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def wanted(places: Mapping[str, Any]) -> list[str]:
    """The plug-in files that a job names."""
    return [*(places.get("plugins") or ()), *(places.get("perturbations") or {}).values()]


def _digests(places: Mapping[str, Any]) -> dict[str, str]:
    return dict(places.get("digests") or {})
