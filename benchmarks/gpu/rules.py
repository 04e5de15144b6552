"""Rules: what the numbers decide, written down before anybody has seen them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping

from benchmarks.gpu import conformance, correct, graphs, methods, selection, slots, step
from benchmarks.gpu.findings import Decision, Tables, Told, Value

#: A CUDA graph is used where a step gains this much …
GRAPH_GAIN = 1.15
#: … and where that is won back within so many updates; RTE's three epochs have 468.
GRAPH_PAYS = 200
#: Compiling is used where a step gains this much, in jobs longer than what wins it back; never above this.
COMPILE_GAIN, COMPILE_PAYS = 1.1, 5000
#: Updates of another way may be so far from those of the plain one, as a part of the way.
SAME_UPDATES = 1e-2
#: More slots than one where they do this much more; as many as come within this part of the most.
SLOTS_GAIN, SLOTS_NEAR = 1.15, 0.95
#: MPS where it does this much more than slices of time.
MPS_GAIN = 1.1
#: Deterministic kernels stay the default where fast ones gain less than this.
KERNELS_GAIN = 1.15
#: New memory is no longer filled, and the mask is made before, where that gains this much.
FILL_GAIN = MASK_GAIN = 1.03
#: How many times as fast as the Trainer a step should be.
GOALS = {"× padded": 3.0, "× dynamic": 1.3, "× best": 1.0}


def decisions(parts: Mapping[str, Told]) -> list[Decision]:
    """All of them, in their order."""
    tables = Tables(parts)
    made: tuple[Callable[[Tables], Decision], ...] = (
        right, speed, memory, kernels, filling, graph, compiling, mask, at_once, shared, thresholds, costs,
    )  # fmt: skip
    return [one(tables) for one in made]


def right(tables: Tables) -> Decision:
    """Whether what is trained there may be reported."""
    question = "May results of this GPU be reported?"
    titles = (
        correct.RECORDINGS, correct.MEMORY, correct.HALF, correct.BESIDE, correct.REPEATED,
        conformance.CONFORMANCE, selection.SELECTION,
    )  # fmt: skip
    lines = [(title, name, values) for title in titles for name, values in tables.table(title).items()]
    wrong = [f"{title}: {name}" for title, name, values in lines if _wrong(values)]
    passed = sum(values.get("right") is True for _, _, values in lines)
    if wrong:
        return Decision(question, "no", f"{len(wrong)} wrong: {'; '.join(wrong)}")
    skipped = sorted({title for title, _, values in lines if "not run" in values})
    skipped += [title for title in titles if not tables.table(title)]
    if not passed or skipped:
        because = f"{passed} right; not all was run of: {', '.join(skipped) or 'anything'}"
        return Decision(question, "as far as was seen" if passed else "", because)
    return Decision(question, "yes", f"{passed} checks, all right")


def _wrong(values: Mapping[str, Value]) -> bool:
    return values.get("right") is False or "raised" in values


def speed(tables: Tables) -> Decision:
    """Whether the goals of speed are met."""
    question = "Is a step as fast as it should be?"
    found = {}
    for name in GOALS:
        ratios = tables.numbers(step.RATIOS, name)
        if ratios:
            found[name] = statistics.geometric_mean(ratios.values())
    if found.keys() != GOALS.keys():
        return Decision(question, "", _told(found) or "not measured")
    missed = [name for name, goal in GOALS.items() if found[name] < goal]
    return Decision(question, f"no: {', '.join(missed)}" if missed else "yes", _told(found))


def memory(tables: Tables) -> Decision:
    """Whether a step takes no more memory than the Trainer's."""
    question = "Does a step take no more memory than the Trainer's?"
    mine, theirs = (
        {n.partition(": ")[0]: v for n, v in tables.numbers(step.STEP, "peak MB").items() if n.endswith(who)}
        for who in ("ftbench fp32", step.DYNAMIC)
    )
    shared = mine.keys() & theirs.keys()
    if not shared:
        return Decision(question, "", "not measured")
    worst = max(shared, key=lambda task: mine[task] / theirs[task])
    told = f"{worst}: {mine[worst]:.0f} against {theirs[worst]:.0f} MB"
    return Decision(question, "yes" if mine[worst] <= theirs[worst] else "no", told)


def kernels(tables: Tables) -> Decision:
    """Whether deterministic kernels stay the default."""
    question = "Which kernels by default?"
    gains = tables.numbers(step.RATIOS, "fast × deterministic")
    if not gains:
        return Decision(question, "", "not measured")
    gain = statistics.geometric_mean(gains.values())
    answer = "deterministic" if gain < KERNELS_GAIN else "deterministic; say what fast ones gain"
    return Decision(question, answer, f"fast ones gain × {gain:.2f}")


def filling(tables: Tables) -> Decision:
    """Whether torch goes on filling new memory where kernels are deterministic."""
    question = "Fill new memory with deterministic kernels?"
    gains = tables.numbers(step.RATIOS, "unfilled × filled")
    if not gains:
        return Decision(question, "", "not measured")
    gain = statistics.geometric_mean(gains.values())
    return Decision(question, "no" if gain >= FILL_GAIN else "yes", f"without it × {gain:.2f}")


def graph(tables: Tables) -> Decision:
    """Whether steps are replayed as CUDA graphs: where the updates stay the same."""
    question = "CUDA graphs over buckets of lengths?"
    return _replaced(tables, question, graphs.REPLAYED, GRAPH_GAIN, GRAPH_PAYS, SAME_UPDATES)


def compiling(tables: Tables) -> Decision:
    """After how many updates models are compiled; compiled code has dropout masks of its own."""
    return _replaced(tables, "Compile the model?", graphs.DYNAMIC, COMPILE_GAIN, COMPILE_PAYS, None)


def _replaced(
    tables: Tables, question: str, way: str, least: float, most: float, same: float | None
) -> Decision:
    """On for the shapes where it gains enough, soon enough, at the same updates where that is asked for."""
    gains = tables.numbers(graphs.GRAPHS, "× as it is")
    told, on = [], []
    for name, gain in gains.items():
        shape, _, mine = name.partition(": ")
        if mine != way:
            continue
        pays = tables.number(graphs.GRAPHS, name, "pays after")
        apart = tables.number(graphs.GRAPHS, name, "apart, of the way")
        told.append(f"{shape}: × {gain:.2f}, pays after {_number(pays)} updates, {_number(apart)} apart")
        equal = same is None or (apart is not None and apart <= same)
        if equal and gain >= least and pays is not None and pays <= most:
            on.append(f"{shape} in jobs of more than {pays:.0f} updates")
    if not told:
        return Decision(question, "", "not measured")
    return Decision(question, f"on: {'; '.join(on)}" if on else "off", "; ".join(told))


def mask(tables: Tables) -> Decision:
    """Whether the mask is made before the model looks at it and waits."""
    question = "Hand the model a mask of four dimensions?"
    gains = tables.numbers(graphs.GRAPHS, "× as it is")
    mine = {name.partition(": ")[0]: v for name, v in gains.items() if name.endswith(graphs.MASKED)}
    if not mine:
        return Decision(question, "", "not measured")
    gain = statistics.geometric_mean(mine.values())
    return Decision(question, "yes" if gain >= MASK_GAIN else "no", _told(mine))


def at_once(tables: Tables) -> Decision:
    """How many jobs at once on one GPU."""
    question = "How many slots by default?"
    rates = _rates(tables, slots.SHARED) or _rates(tables, slots.SLICES)
    if 1 not in rates or len(rates) < 2:
        return Decision(question, "", "not measured")
    most = max(rates.values())
    fewest = min(count for count, rate in rates.items() if rate >= SLOTS_NEAR * most)
    answer = fewest if most >= SLOTS_GAIN * rates[1] else 1
    return Decision(
        question, f"{answer}", _told({f"{n} at once": rate / rates[1] for n, rate in rates.items()})
    )


def shared(tables: Tables) -> Decision:
    """Whether MPS is worth its process."""
    question = "MPS for several slots?"
    mine, plain = _rates(tables, slots.SHARED), _rates(tables, slots.SLICES)
    both = {n: mine[n] / plain[n] for n in mine.keys() & plain.keys() if n > 1 and plain[n]}
    if not both:
        return Decision(question, "", "not measured")
    answer = "yes" if max(both.values()) >= MPS_GAIN else "no"
    return Decision(question, answer, _told({f"{n} at once": both[n] for n in sorted(both)}))


def _rates(tables: Tables, title: str) -> dict[int, float]:
    found = tables.numbers(slots.SLOTS, "steps/s")
    mine = {name.rpartition(", ")[2]: v for name, v in found.items() if name.startswith(f"{title}, ")}
    return {int(count): rate for count, rate in mine.items() if count.isdigit()}


def thresholds(tables: Tables) -> Decision:
    """Whether counting is still the way to find a threshold on a GPU."""
    question = "How are thresholds found on a GPU?"
    ms = tables.numbers(selection.SELECTION, "ms")
    if not {selection.OURS, selection.SORT, selection.KTH} <= ms.keys():
        return Decision(question, "", "not measured")
    fastest = min((selection.OURS, selection.SORT, selection.KTH), key=lambda name: ms[name])
    answer = "by counting, as now" if fastest == selection.OURS else f"by {fastest}"
    return Decision(question, answer, ", ".join(f"{name} {value:.1f} ms" for name, value in ms.items()))


def costs(tables: Tables) -> Decision:
    """Whether each method costs no more than it may."""
    question = "Does each method cost no more than it may?"
    found = tables.numbers(methods.COST, "× vanilla")
    if not found:
        return Decision(question, "", "not measured")
    limits = tables.numbers(methods.COST, "at most")
    above = {name: value for name, value in found.items() if value > limits.get(name, float("inf"))}
    if above:
        return Decision(question, "no", _told(above))
    return Decision(
        question, "yes", f"{len(found)} measured, {len(limits.keys() & found.keys())} have a limit"
    )


def _told(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in values.items())


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"
