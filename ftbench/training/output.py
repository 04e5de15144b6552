"""What methods and libraries print, without the tokens that they may print."""

from __future__ import annotations

import io
from typing import TextIO

from ftbench.secrets import masked


class MaskedOutput(io.TextIOWrapper):
    """Standard output or error; each piece that Python writes is masked on its way.

    What other programs write into the same file is masked by the worker, within seconds.
    """

    @classmethod
    def over(cls, stream: TextIO) -> TextIO:
        """Take the place of a stream that has a file beneath it; another one stays as it is."""
        if type(stream) is not io.TextIOWrapper:
            return stream
        stream.flush()
        encoding, errors = stream.encoding, stream.errors
        return cls(stream.detach(), encoding=encoding, errors=errors, write_through=True)

    def write(self, text: str, /) -> int:
        """Write the text without tokens."""
        return super().write(masked(text))
