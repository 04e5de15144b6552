"""The statements that are whole transactions in PostgreSQL: a claim, a heartbeat, the end of a job.

Each is made of the statements that ``Leases`` has for every system, which stand within one another here. All
of one see the state in which it began, but for rows that it changes: of these it sees what others have
committed while it waited. So a link's number and the digest before it come from the row of the strand's end.
"""

from __future__ import annotations

from ftbench.db.backends.base import AtOnce
from ftbench.db.statements import BEAT, CLOSE, END, FACTS, FIRST, LAST, LEFT, LINK, OPEN, QUEUED, TAKE

#: The seconds since 1970.
CLOCK = "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
#: The commit does not wait for the disk, and may be undone by a crash of the server; nor is another at risk.
_LAX = "set_config('synchronous_commit', 'off', true)"
_TYPES = {
    "value": "double precision",
    "step": "bigint",
    "rows": "bigint",
    "outputs": "bigint",
    "logits": "bytea",
}
_IF_DONE = "EXISTS (SELECT 1 FROM done)"


def as_python(number: str) -> str:
    """A number as Python writes it; NULL where the two ways of writing may differ."""
    text = f"CAST({number} AS text)"
    whole = f"CASE WHEN {number} = trunc({number}) THEN '.0' ELSE '' END"
    return f"CASE WHEN {number} BETWEEN 1 AND 1e14 THEN {text} || {whole} END"


def _sha256(text: str) -> str:
    return f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"


def _quoted(text: str) -> str:
    return f"""'"' || {text} || '"'"""


def _claim() -> str:
    """Take a job, unless it needs files of its user's, of which the worker must be asked."""
    own_files = " + ".join(f"""strpos(next.places, '"{name}"')""" for name in ("plugins", "perturbations"))
    last = LAST.replace(":digest", "taken.digest")
    return (
        f"WITH next AS ({QUEUED}{{conditions}}{FIRST} FOR UPDATE SKIP LOCKED), "
        f"taken AS ({TAKE} FROM next WHERE jobs.digest = next.digest AND {own_files} = 0 "
        "RETURNING jobs.digest), "
        f"begun AS ({OPEN} SELECT digest, ({last}) + 1, :worker, {{clock}}, '', '' FROM taken "
        "RETURNING number) "
        f"SELECT digest, spec, label, places, number, {_LAX} FROM next LEFT JOIN begun ON true"
    )


def _finish() -> str:
    """End a job, its attempt, and the strand of the chain that it is in.

    Whatever is not as it should be makes a column NULL that may not be, and so the whole fails.
    """
    started, ended = (_quoted(as_python(name)) for name in ("started", "ended"))
    content = f":content0 || {started} || :content1 || {ended} || :content2"
    link = (
        f":link0 || {_quoted('chain_ends.digest')} || :link1 || chain_ends.sequence + 1 || :link2 || "
        f"{_quoted('told.content')} || :link3 || {as_python('told.ended')} || :link4"
    )
    parts = {
        "done": f"{END} RETURNING digest",
        "closed": f"{CLOSE} AND {_IF_DONE} RETURNING started, ended",
        "facts": f"{FACTS} SELECT :digest, :number, :facts "
        f"WHERE CAST(:facts AS text) IS NOT NULL AND {_IF_DONE}",
        **{f"new_{table}": _insert(table, columns) for table, columns in LEFT.items()},
        "told": f"SELECT ended, CASE WHEN :scored THEN {_sha256(content)} ELSE '' END AS content "
        "FROM done LEFT JOIN closed ON true",
        "link": f"UPDATE chain_ends SET sequence = chain_ends.sequence + 1, digest = {_sha256(link)} "
        "FROM told WHERE strand = :strand RETURNING chain_ends.sequence, chain_ends.digest",
        "linked": f"{LINK} SELECT :strand, sequence, :kind, :digest, content, '', ended, digest "
        "FROM told LEFT JOIN link ON true",
    }
    return f"WITH {', '.join(f'{name} AS ({text})' for name, text in parts.items())} SELECT 1 FROM done"


def _insert(table: str, columns: tuple[str, ...]) -> str:
    """Insert rows that come as a list of values for each column."""
    lists = ", ".join(f"CAST(:{table}_{name} AS {_TYPES.get(name, 'text')}[])" for name in columns)
    return (
        f"INSERT INTO {table} (digest, {', '.join(columns)}) SELECT :digest, * FROM unnest({lists}) "
        f"AS of_{table} WHERE {_IF_DONE}"
    )


AT_ONCE = AtOnce(
    claim=_claim().replace("{clock}", CLOCK),
    beat=f"{BEAT} RETURNING {_LAX}".replace("{clock}", CLOCK),
    finish=_finish().replace("{clock}", CLOCK),
)
