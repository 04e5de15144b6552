"""What was asked for on the command line: the axes of a grid, as texts."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Asked:
    """The flags' texts, None where a flag was not given; of a suite, what is given beside it."""

    methods: str | None = None
    tasks: str | None = None
    models: str | None = None
    seeds: str | None = None
    noise: str | None = None
    reduction: str | None = None
    train_size: str | None = None
    settings: tuple[str, ...] = ()
    variant: str | None = None

    def flags(self) -> dict[str, str]:
        """The axes that were given, as the command line takes them."""
        given = {one.name: getattr(self, one.name) for one in fields(Asked)}
        return {"--" + k.replace("_", "-"): v for k, v in given.items() if isinstance(v, str)}

    def words(self) -> list[str]:
        """The flags as words of a command."""
        words = [word for pair in self.flags().items() for word in pair]
        return words + [word for setting in self.settings for word in ("--set", setting)]
