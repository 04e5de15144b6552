"""Words that queries are written in where the systems' SQL differs: JSON in texts, and values of any type.

SQLite says of each value which type it has; PostgreSQL has types for columns, and ``jsonb`` for what may
be of any. The functions ``ftbench_…`` are made by ``Postgresql.prepare``: a text that is no JSON is NULL to
them, where PostgreSQL's own would end the query.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ftbench.domain.hparams import Value

Element = FunctionElement[Any]


class Json(Element):
    """A column's text as a JSON document; NULL where it is none."""

    name, inherit_cache = "json", True

    def __init__(self, column: ColumnElement[str]) -> None:
        """Take the column."""
        super().__init__(column)


class Fact(Element):
    """A value in a document; NULL where there is none. True and false are 1 and 0 to be compared with."""

    name, inherit_cache = "fact", True

    def __init__(self, document: ColumnElement[Any], path: str) -> None:
        """Take where it stands: ``$.recipe."lr"``."""
        super().__init__(document, literal(path))


class Without(Element):
    """A JSON object's text without some of its keys; compare it with a ``Normal`` one."""

    name, inherit_cache = "without", True

    def __init__(self, column: ColumnElement[str], *keys: str) -> None:
        """Take the column, and the keys that go."""
        super().__init__(column, *map(literal, keys))


class Normal(Element):
    """A JSON text, written as ``Without`` writes it."""

    name, inherit_cache = "normal", True

    def __init__(self, text: str) -> None:
        """Take the text."""
        super().__init__(literal(text))


class AnyValue(Element):
    """A column, to be compared with values of any type: '3' is not 3."""

    name, inherit_cache = "any_value", True

    def __init__(self, column: ColumnElement[Any]) -> None:
        """Take the column."""
        super().__init__(column)


class Constant(Element):
    """A value to compare ``Fact`` and ``AnyValue`` with."""

    name, inherit_cache = "constant", True

    def __init__(self, value: Value) -> None:
        """Take the value; true and false are 1 and 0."""
        plain = int(value) if isinstance(value, bool) else value
        super().__init__(literal(plain), literal(json.dumps(plain)))


class IsNumber(Element):
    """Whether a value is a number; false or NULL for NULL."""

    name, inherit_cache = "is_number", True

    def __init__(self, value: ColumnElement[Any], *, whole: bool = False) -> None:
        """Take the value, and whether it is to be a whole number."""
        super().__init__(value, *([literal(True)] if whole else []))


class Listed(Element):
    """A JSON list as a table whose column is ``value``: room for any number of values."""

    name, inherit_cache = "listed", True

    def __init__(self, values: list[str]) -> None:
        """Take the values."""
        super().__init__(literal(json.dumps(values)))


def _parts(element: Element, compiler: SQLCompiler, **options: Any) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]


@compiles(Json, "sqlite")
def _(element: Json, compiler: SQLCompiler, **options: Any) -> str:
    (text,) = _parts(element, compiler, **options)
    return f"CASE WHEN json_valid({text}) = 1 THEN {text} END"


@compiles(Json, "postgresql")
def _(element: Json, compiler: SQLCompiler, **options: Any) -> str:
    return f"ftbench_json({', '.join(_parts(element, compiler, **options))})"


@compiles(Fact, "sqlite")
def _(element: Fact, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_extract({', '.join(_parts(element, compiler, **options))})"


@compiles(Fact, "postgresql")
def _(element: Fact, compiler: SQLCompiler, **options: Any) -> str:
    document, path = element.clauses
    where = compiler.process(path, **options)
    if isinstance(document, Json):  # read and looked into at once
        (text,) = document.clauses
        return f"ftbench_fact({compiler.process(text, **options)}, {where})"
    found = f"jsonb_path_query_first({compiler.process(document, **options)}, CAST({where} AS jsonpath))"
    return f"NULLIF({found}, 'null'::jsonb)"


@compiles(Without, "sqlite")
def _(element: Without, compiler: SQLCompiler, **options: Any) -> str:
    text, *keys = _parts(element, compiler, **options)
    paths = "".join(f""", '$."' || {key} || '"'""" for key in keys)
    return f"json_remove(CASE WHEN json_valid({text}) = 1 THEN {text} END{paths})"


@compiles(Without, "postgresql")
def _(element: Without, compiler: SQLCompiler, **options: Any) -> str:
    text, *keys = _parts(element, compiler, **options)
    return f"ftbench_without({text}, ARRAY[{', '.join(keys)}]::text[])"


@compiles(Normal, "sqlite")
def _(element: Normal, compiler: SQLCompiler, **options: Any) -> str:
    return "".join(_parts(element, compiler, **options))


@compiles(Normal, "postgresql")
def _(element: Normal, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(CAST({''.join(_parts(element, compiler, **options))} AS jsonb) AS text)"


@compiles(AnyValue, "sqlite")
def _(element: AnyValue, compiler: SQLCompiler, **options: Any) -> str:
    # A bare column would take '3' and 3 for the same.
    return f"CASE WHEN 1 THEN {''.join(_parts(element, compiler, **options))} END"


@compiles(AnyValue, "postgresql")
def _(element: AnyValue, compiler: SQLCompiler, **options: Any) -> str:
    return f"to_jsonb({''.join(_parts(element, compiler, **options))})"


@compiles(Constant, "sqlite")
def _(element: Constant, compiler: SQLCompiler, **options: Any) -> str:
    plain, _text = element.clauses
    return str(compiler.process(plain, **options))


@compiles(Constant, "postgresql")
def _(element: Constant, compiler: SQLCompiler, **options: Any) -> str:
    _plain, text = element.clauses
    return f"CAST({compiler.process(text, **options)} AS jsonb)"


@compiles(IsNumber, "sqlite")
def _(element: IsNumber, compiler: SQLCompiler, **options: Any) -> str:
    value, *whole = element.clauses
    kinds = "'integer'" if whole else "'integer', 'real'"
    return f"typeof({compiler.process(value, **options)}) IN ({kinds})"


@compiles(IsNumber, "postgresql")
def _(element: IsNumber, compiler: SQLCompiler, **options: Any) -> str:
    value, *_whole = element.clauses
    text = compiler.process(value, **options)
    if isinstance(value.type, Integer | Float):  # the column's type lets nothing else in
        return f"{text} IS NOT NULL"
    return f"jsonb_typeof({text}) = 'number'"


@compiles(Listed, "sqlite")
def _(element: Listed, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({''.join(_parts(element, compiler, **options))})"


@compiles(Listed, "postgresql")
def _(element: Listed, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements_text(CAST({''.join(_parts(element, compiler, **options))} AS json))"
