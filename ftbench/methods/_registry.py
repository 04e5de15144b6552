"""Where methods are found: this folder, entry points, and files of the user's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ftbench.errors import FtbenchError, UnknownName
from ftbench.methods.base import Method
from ftbench.plugins import PluginEntry, Registry

GROUP = "ftbench.methods"
#: How the names of methods begin that are tuners of the peft library.
TUNER = "peft:"

#: Other spellings of a method's name, in lower case; published tables write ``r_drop``.
ALIASES = {
    "finetune": "vanilla",
    "fine-tuning": "vanilla",
    "finetuning": "vanilla",
    "baseline": "vanilla",
    "r-drop": "rdrop",
    "r_drop": "rdrop",
    "bi-drop": "bidrop",
    "bi_drop": "bidrop",
    "wdecay": "prior_wd",
    "weight-decay": "prior_wd",
    "topk": "top_k",
    "top-k": "top_k",
    "re-init": "reinit",
    "re_init": "reinit",
    "child-tuning-d": "child_tuning_d",
    "ctd": "child_tuning_d",
    "ct_d": "child_tuning_d",
    "child-tuning-f": "child_tuning_f",
    "ctf": "child_tuning_f",
    "ct_f": "child_tuning_f",
    "dps": "dps_mix",
    "dps-mix": "dps_mix",
    "dps-dense": "dps_dense",
    "blo": "weight_mixup",
    "weight-mixup": "weight_mixup",
    "model_soup": "soup",
    "prefix_tuning": "prefix",
    "prompt_tuning": "prompt",
}

_METHODS = Registry("method", Method, GROUP, lambda cls: cls.name(), aliases=ALIASES)


def find(name: str, plugins: Iterable[str | Path] = ()) -> type[Method]:
    """The class behind a name.

    Args:
        name: a method's name or alias, or the path of a file that holds one (``./mine.py``).
        plugins: files whose methods may be named, too.

    Raises:
        UnknownName: nothing carries the name.
        PluginError: the file or entry point that carries it cannot be used.
    """
    if _of_peft(name):
        from ftbench.methods import _peft

        return _peft.find(name)
    try:
        return _METHODS.find(name, plugins)
    except UnknownName as error:
        raise _meant(error) from None


def of_row(name: str, plugins: Iterable[str | Path] = ()) -> type[Method]:
    """``find`` for the name that a job carries: one that is a path is not followed.

    Raises:
        UnknownName, PluginError: as ``find``.
    """
    return find(name) if _of_peft(name) else _METHODS.known(name, plugins)


def canonical(name: str) -> str:
    """The name that jobs carry for an alias, in any case; every other text as it is."""
    return name.lower() if _of_peft(name) else ALIASES.get(name.lower(), name)


def tuners() -> tuple[str, ...]:
    """The names of the methods that the installed peft brings; none where it is not installed."""
    from ftbench.methods import _peft

    try:
        return _peft.names()
    except FtbenchError:
        return ()


def _of_peft(name: str) -> bool:
    return name.strip().lower().startswith(TUNER)


def _meant(error: UnknownName) -> UnknownName:
    """The same error, which tells of a tuner of peft that has the name."""
    wanted = TUNER + error.name.lower()
    return UnknownName(error.kind, error.name, [wanted]) if wanted in tuners() else error


def available(plugins: Iterable[str | Path] = ()) -> list[PluginEntry[Method]]:
    """Every method there is, by name; what cannot be used is listed with its error."""
    return _METHODS.available(plugins)
