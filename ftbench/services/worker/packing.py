"""How many jobs a worker trains at once: as many as it was told, or as many as measuring shows to pay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ftbench.domain.events import Memory

MARGIN = 0.1  # more slots stay only where all of them together train so much faster than fewer did
RESERVE = 0.1  # of the memory, for what has not been seen yet: a longer batch, a larger task
SECONDS, LONGEST = 60.0, 300.0  # of a measurement: at least, and where jobs take longer than that


def room(slots: int, memory: Memory | None) -> int:
    """How many slots the memory has room for: none more than there are, where it is not known.

    Args:
        slots: how many there were when it was measured.
        memory: the most that any of them held, and the least that was free.
    """
    if memory is None:
        return slots
    spare = memory.free - RESERVE * memory.total
    return slots + int(max(0.0, spare) // max(1, memory.held))


def decide_slots(
    rates: Mapping[int, float], slots: int, *, limit: int, memory: Memory | None
) -> tuple[int, bool]:
    """The next number of slots: twice as many as long as that pays, else what there was before.

    Args:
        rates: number of slots -> steps a second of all of them; ``slots`` is in it.
        slots: the number now.
        limit: never more than this.
        memory: see ``room``.

    Returns:
        The number, and whether it is to be measured.
    """
    fewer = max((number for number in rates if number < slots), default=0)
    if fewer and rates[slots] < (1 + MARGIN) * rates[fewer]:
        return fewer, False
    more = min(2 * slots, limit, room(slots, memory))
    return (more, True) if more > slots else (slots, False)


@dataclass
class _Window:
    """A measurement: the steps of all slots over a time in which every one of them is busy.

    It begins when all have trained a step, and lasts until as many jobs have ended, within limits of time.
    """

    since: float | None = None
    steps: int = 0
    ends: int = 0
    memory: Memory | None = None
    places: dict[str, tuple[str, int]] = field(default_factory=dict)


class Packing:
    """The number of slots, and where it is to be found out, what is measured for that.

    Attributes:
        slots: how many jobs to train at once, now.
        measuring: whether that is still to be found out.
    """

    def __init__(self, slots: int | None, limit: int) -> None:
        """Fix the number, or (None) begin with one and go up to a limit."""
        self.slots = 1 if slots is None else slots
        self._limit = limit
        self._rates: dict[int, float] = {}
        self.measuring = slots is None
        self._window = _Window()

    def progress(self, digest: str, run: str, step: int, memory: Memory | None) -> None:
        """A job has come to a step of a run."""
        window = self._window
        before = window.places.get(digest)
        if before is not None:  # where a job begins is not known: it may have been resumed
            window.steps += step - before[1] if run == before[0] else step
        window.places[digest] = (run, step)
        if memory is not None:
            last = window.memory or memory
            free, held = min(last.free, memory.free), max(last.held, memory.held)
            window.memory = Memory(held, free, memory.total)

    def ended(self, digest: str) -> None:
        """The attempt at a job is over."""
        self._window.ends += 1
        self._window.places.pop(digest, None)

    def look(self, busy: int, now: float) -> str | None:
        """See whether enough was measured.

        Args:
            busy: how many jobs are worked on.
            now: seconds.

        Returns:
            What there is to say about the number of slots, None where there is nothing new.
        """
        window = self._window
        if not self.measuring:
            return None
        if busy < self.slots:
            self._window = _Window()
        elif window.since is None:
            if len(window.places) >= self.slots:
                window.since, window.steps, window.ends = now, 0, 0
        elif now - window.since >= (SECONDS if window.ends >= self.slots else LONGEST):
            return self._conclude(window.steps / (now - window.since), window.memory)
        return None

    def fewer(self, slots: int) -> None:
        """Never have more than so many again."""
        self.slots, self.measuring = min(self.slots, slots), False

    def _conclude(self, rate: float, memory: Memory | None) -> str:
        before, self._rates[self.slots] = self.slots, rate
        self.slots, self.measuring = decide_slots(self._rates, before, limit=self._limit, memory=memory)
        self._window = _Window()
        then = "trying" if self.measuring else "going on with" if self.slots == before else "going back to"
        return f"{_slots(before)}: {rate:.3g} steps a second; {then} {_slots(self.slots)}"


def _slots(number: int) -> str:
    return "1 slot" if number == 1 else f"{number} slots"
