"""One definition as text without words: what Python runs of it, with the names that it uses looked up."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence

from ftbench.methods._source_files import Imported, bound, inside, is_words, of_types, stored

#: What only describes a method.
CARD = frozenset(
    {"title", "paper", "family", "formula", "cost", "memory", "differs", "unsupported_note", "passes"}
    | {"needs", "neutral", "neutral_start", "neutral_scale", "neutral_recipe"}
)
#: The types by which a hyper-parameter is read, and what makes a field another kind of field.
_READ = frozenset({"int", "float", "bool", "str", "InitVar", "KW_ONLY"})
_UNREAD = frozenset({"ctx", "kind", "type_comment", "type_params", "annotation", "returns"})

#: A name with its attributes -> what it stands for; None where nothing of a module is known of it.
Look = Callable[[Sequence[str]], str | None]
#: What a name means within a function: an import, or (None) one of its own.
Scope = Mapping[str, Sequence[Imported | None]]


class Writer:
    """Writes definitions of one file.

    Args:
        look: what a name of the module stands for.
        imported: what an import in a function stands for, with the attributes after it.
        nested: what a class in a class stands for: it counts as if it stood beside it.
        is_method: whether a class is a method: its card does not count.
    """

    def __init__(
        self,
        look: Look,
        imported: Callable[[Imported, Sequence[str]], str],
        nested: Callable[[ast.ClassDef], str],
        is_method: Callable[[ast.ClassDef], bool],
    ) -> None:
        """Begin at the module's level."""
        self._look, self._imported, self._nested, self._is_method = look, imported, nested, is_method
        self._scopes: list[Scope] = []

    def write(self, node: object) -> str:
        """The text of a part: the kinds of its parts, its names and its constants.

        ``ast.unparse`` and ``ast.dump`` differ between versions of Python; the parts hardly do.
        """
        if isinstance(node, list):
            return f"[{self._block(node)}]"
        if not isinstance(node, ast.AST):
            return ascii(node)
        own = _OWN.get(type(node))
        return own(self, node) if own else self._plain(node)

    def _plain(self, node: ast.AST, skip: Iterable[str] = ()) -> str:
        told = []
        for name in node._fields:
            part = getattr(node, name, None)
            if name not in _UNREAD and name not in skip and part is not None and part != []:
                told.append(f" {name}={self.write(part)}")
        return f"({type(node).__name__}{''.join(told)})"

    def _block(self, nodes: Iterable[object]) -> str:
        return ",".join(text for text in map(self._part, nodes) if text)

    def _part(self, node: object) -> str:
        if isinstance(node, ast.stmt):
            run = of_types(node)
            if run is not None:
                return self._block(run)
            if isinstance(node, ast.Import | ast.ImportFrom) or is_words(node):
                return ""
            if type(node).__name__ == "TypeAlias" or (isinstance(node, ast.AnnAssign) and node.value is None):
                return ""
        return self.write(node)

    def _name(self, node: ast.Name | ast.Attribute) -> str:
        names = chain(node)
        if names:
            told = self._stands_for(names)
            return ".".join(names) if told is None else f"<{told}>"
        return f"{self.write(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""

    def _stands_for(self, names: Sequence[str]) -> str | None:
        """What a name with its attributes stands for; None for a name of the function, or one built in."""
        for scope in reversed(self._scopes):
            if names[0] in scope:
                known = [one and self._imported(one, names[1:]) for one in scope[names[0]]]
                return "|".join(one or ".".join(names) for one in known) if any(known) else None
        return self._look(names)

    def _within(self, scope: Scope, write: Callable[[], str]) -> str:
        self._scopes.append(scope)
        try:
            return write()
        finally:
            self._scopes.pop()

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
        name = node.name if self._scopes else ""
        outer = f"{self.write(node.decorator_list)}{self._defaults(node.args)}"
        inner = self._within(_scope(node), lambda: self.write(node.body))
        return f"({type(node).__name__} {name} {outer}{_arguments(node.args)}{inner})"

    def _lambda(self, node: ast.Lambda) -> str:
        inner = self._within(_scope(node), lambda: self.write(node.body))
        return f"(Lambda {self._defaults(node.args)}{_arguments(node.args)}{inner})"

    def _defaults(self, args: ast.arguments) -> str:
        return self.write([*args.defaults, "", *(d or "" for d in args.kw_defaults)])

    def _loop(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> str:
        """A comprehension: its first iterable is none of its own scope."""
        first, *others = node.generators
        scope = {name: [None] for one in node.generators for name in stored(one.target)}
        outer = self.write(first.iter)

        def within() -> str:
            head = self._plain(first, skip=("iter",))
            return f"{head}{self.write(others)}{self._plain(node, skip=('generators',))}"

        return f"({outer} {self._within(scope, within)})"

    def _class(self, node: ast.ClassDef) -> str:
        head = f"{self.write(node.decorator_list)}{self._bases(node)}{self.write(node.keywords)}"
        body: list[ast.stmt] = node.body
        if self._is_method(node):
            body = [part for part in body if not _is_card(part)]
        fields = _has_fields(node)
        scope = {name: [one] for part in body for imp in inside(part) for name, one in bound(imp)}
        name = node.name if self._scopes else ""

        def within() -> str:
            return ",".join(text for text in (self._member(p, fields, bool(scope)) for p in body) if text)

        return f"(ClassDef {name} {head}[{self._within(scope, within)}])"

    def _member(self, node: ast.stmt, fields: bool, imports: bool) -> str:
        if isinstance(node, ast.AnnAssign) and fields and isinstance(node.target, ast.Name):
            kind = _field_type(node.annotation)
            if kind is not None:
                value = self.write(node.value) if node.value else ""
                return f"(Field {node.target.id} {kind} {value})"
        if isinstance(node, ast.ClassDef) and len(self._scopes) == 1 and not imports:
            return f"(Assign targets=[{node.name}] value=<{self._nested(node)}>)"
        if isinstance(node, ast.Assign | ast.AnnAssign):
            return self._assign(node) if node.value else ""
        return self._part(node)

    def _bases(self, node: ast.ClassDef) -> str:
        told = (self.write(generic(base)) for base in node.bases)
        return f"[{','.join(text for text in told if text != '<typing.Generic>')}]"

    def _assign(self, node: ast.Assign | ast.AnnAssign) -> str:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return f"(Assign targets=[{','.join(map(self._target, targets))}] value={self.write(node.value)})"

    def _target(self, node: ast.expr) -> str:
        """A name of a class's body is the class's, whatever it means in the module."""
        return node.id if isinstance(node, ast.Name) and self._scopes else self.write(node)

    def _call(self, node: ast.Call) -> str:
        names = chain(node.func) if len(node.args) == 2 else []
        if names and self._stands_for(names) == "typing.cast":
            return self.write(node.args[1])
        return self._plain(node)


def chain(node: ast.expr) -> list[str]:
    """``a.b.c`` as its names; none where it begins with more than a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def generic(base: ast.expr) -> ast.expr:
    """A base class without what it is generic in; a number is the place in a list of classes."""
    if isinstance(base, ast.Subscript) and not _is_number(base.slice):
        return base.value
    return base


def _scope(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Scope:
    """What the names of a function mean: its arguments, what it assigns, what it imports."""
    a = node.args
    args = [*a.posonlyargs, *a.args, *a.kwonlyargs, *(one for one in (a.vararg, a.kwarg) if one)]
    scope: dict[str, list[Imported | None]] = {arg.arg: [None] for arg in args}
    if isinstance(node, ast.Lambda):
        return scope
    for part in node.body:
        for statement in inside(part):
            for name, imported in bound(statement):
                scope.setdefault(name, []).append(imported)
    for part in node.body:
        for name in stored(part):
            scope.setdefault(name, []).append(None)
    for outer in _declared(node.body):
        scope.pop(outer, None)
    return scope


def _declared(nodes: Iterable[ast.AST]) -> Iterable[str]:
    """The names that a function takes from around it."""
    for node in nodes:
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            yield from _declared(ast.iter_child_nodes(node))


def _arguments(args: ast.arguments) -> str:
    groups = (args.posonlyargs, args.args, [args.vararg], args.kwonlyargs, [args.kwarg])
    return str([[one.arg for one in group if one] for group in groups])


def _is_card(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name in CARD
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return any(isinstance(t, ast.Name) and t.id in CARD for t in targets)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def _has_fields(node: ast.ClassDef) -> bool:
    """Whether annotated names of a class are fields: it is decorated, as a dataclass, or a named tuple."""
    last = (chain(generic(base))[-1:] for base in node.bases)
    return bool(node.decorator_list) or any(name in (["NamedTuple"], ["TypedDict"]) for name in last)


def _field_type(node: ast.expr) -> str | None:
    """The type of a field where values are read by it, else ""; None for what is no field."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = ast.parse(node.value, mode="eval").body
    parts = list(ast.walk(node))
    names = {n.id for n in parts if isinstance(n, ast.Name)} | {
        n.attr for n in parts if isinstance(n, ast.Attribute)
    }
    if "ClassVar" in names:
        return None
    return ast.unparse(node) if names and names <= _READ else ""


_OWN: dict[type, Callable[..., str]] = {
    ast.Name: Writer._name,
    ast.Attribute: Writer._name,
    ast.FunctionDef: Writer._function,
    ast.AsyncFunctionDef: Writer._function,
    ast.Lambda: Writer._lambda,
    ast.ListComp: Writer._loop,
    ast.SetComp: Writer._loop,
    ast.DictComp: Writer._loop,
    ast.GeneratorExp: Writer._loop,
    ast.ClassDef: Writer._class,
    ast.Assign: Writer._assign,
    ast.AnnAssign: Writer._assign,
    ast.Call: Writer._call,
}
