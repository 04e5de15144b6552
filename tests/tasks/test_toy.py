import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import ftbench
from ftbench.tasks import toy, toy_lexicon
from ftbench.tasks.rows import Rows
from ftbench.tasks.toy_grammar import FAULTS, Speaker, text
from ftbench.tasks.toy_meaning import FOLLOWS, change, drop_place, only_relative, swap_roles
from ftbench.tasks.toy_scene import Dice, Phrase, Relative, Scene, draw_scene, general

TINY = Path(ftbench.__file__).parent / "assets" / "tiny"
NAMES = [task.name for task in toy.TASKS]


def both_sets(name: str) -> tuple[Rows, Rows]:
    return toy.rows(name, "train"), toy.rows(name, "dev")


def phrase(noun: str, determiner: str = "the", **more: object) -> Phrase:
    return replace(Phrase(toy_lexicon.NOUNS[noun], False, determiner), **more)


def say(scene: Scene, **how: object) -> str:
    """A scene said in the first word of each concept."""
    seconds = [
        word
        for table in (toy_lexicon.NOUNS, toy_lexicon.VERBS, toy_lexicon.ADJECTIVES, toy_lexicon.ADVERBS)
        for concept in table.values()
        for words in concept.words[1:]
        for word in ([words] if isinstance(words, str) else words)
    ]
    return text(Speaker(Dice(1), seconds).say(scene, **how))


DOG, CAT, BOY = phrase("dog"), phrase("cat", "a"), phrase("boy")
CHASE = Scene(DOG, toy_lexicon.VERBS["chase"], CAT)


# The rows ------------------------------------------------------------------------------------------------


def test_revision_names_the_generated_rows() -> None:
    assert toy.digest() == toy.REVISION


def test_rows_are_the_same_in_a_fresh_process_with_another_hash_seed() -> None:
    code = "from ftbench.tasks import toy; print(toy.digest())"
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == toy.REVISION


def test_importing_the_tasks_draws_nothing_and_loads_only_the_standard_library() -> None:
    code = (
        "import sys; from ftbench.tasks import toy; "
        "print([m for m in ('torch', 'numpy', 'ftbench.tasks.toy_lexicon') if m in sys.modules], "
        "toy._generate.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] 0"


@pytest.mark.parametrize("task", toy.TASKS, ids=NAMES)
def test_rows_fit_the_task(task) -> None:
    for rows, size in zip(both_sets(task.name), (toy.TRAIN_ROWS, toy.DEV_ROWS), strict=True):
        assert len(rows.texts) == (1 if task.name == "toy-accept" else 2)
        assert {len(column) for column in rows.texts} == {size} == {len(rows)}
        if task.regression:
            assert all(0 <= label <= 5 for label in rows.labels)
        else:
            assert Counter(rows.labels) == {0: size // 2, 1: size // 2}


@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_in_a_task_twice(name: str) -> None:
    train, dev = both_sets(name)
    texts = [*zip(*train.texts, strict=True), *zip(*dev.texts, strict=True)]
    assert len(set(texts)) == len(texts)


def test_similarity_covers_its_range() -> None:
    labels = toy.rows("toy-sim", "dev").labels
    assert sum(label < 2 for label in labels) > 30
    assert sum(label > 4 for label in labels) > 30
    assert len(set(labels)) > 15


@pytest.mark.parametrize("name", NAMES)
def test_counting_words_does_not_solve_a_task(name: str) -> None:
    """A nearest-class rule on word counts stays near chance on dev."""
    if name == "toy-sim":
        pytest.skip("no classes")
    train, dev = both_sets(name)
    weight: Counter[tuple[int, str]] = Counter()
    for label, *texts in zip(train.labels, *train.texts, strict=True):
        weight.update({key: 2 * int(label) - 1 for key in _words(texts)})
    right = 0
    for label, *texts in zip(dev.labels, *dev.texts, strict=True):
        right += (sum(weight[key] for key in _words(texts)) > 0) == bool(label)
    assert right / len(dev) < 0.6


def _words(texts: list[str]) -> set[tuple[int, str]]:
    return {(side, word) for side, line in enumerate(texts) for word in line.lower().strip(".").split()}


def test_unknown_sets_are_refused() -> None:
    with pytest.raises(KeyError):
        toy.rows("toy-accept", "test")


# The grammar ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scene", "how", "said"),
    [
        (CHASE, {}, "The dog chases a cat."),
        (CHASE, {"passive": True}, "A cat is chased by the dog."),
        (replace(CHASE, tense="past", negative=True), {}, "The dog did not chase a cat."),
        (replace(CHASE, agent=replace(DOG, plural=True), tense="perfect"), {}, "The dogs have chased a cat."),
        (replace(CHASE, tense="can"), {"passive": True}, "A cat can be chased by the dog."),
        (
            replace(CHASE, place=("near", Phrase(toy_lexicon.PLACES[0], False, "this"))),
            {"fronted": True},
            "Near this house, the dog chases a cat.",
        ),
        (
            Scene(phrase("cat", "a", adjective=toy_lexicon.ADJECTIVES["ugly"]), toy_lexicon.VERBS["sleep"]),
            {},
            "An ugly cat sleeps.",
        ),
        (Scene(BOY, None, quality=toy_lexicon.ADJECTIVES["happy"]), {}, "The boy is happy."),
    ],
)
def test_scenes_are_said_in_english(scene: Scene, how: dict, said: str) -> None:
    assert say(scene, **how) == said


@pytest.mark.parametrize(
    ("scene", "fault", "said"),
    [
        (CHASE, "agreement", {"The dog chase a cat."}),
        (replace(CHASE, agent=replace(DOG, plural=True)), "agreement", {"The dogs chases a cat."}),
        (Scene(BOY, None, quality=toy_lexicon.ADJECTIVES["happy"]), "agreement", {"The boy are happy."}),
        (
            Scene(replace(DOG, plural=True), toy_lexicon.VERBS["sleep"]),
            "determiner",
            {"A dogs sleep.", "This dogs sleep.", "That dogs sleep."},
        ),
        (replace(CHASE, tense="can"), "form", {"The dog can chases a cat.", "The dog can chased a cat."}),
        (replace(CHASE, tense="perfect"), "form", {"The dog has chase a cat.", "The dog has chases a cat."}),
        (Scene(DOG, toy_lexicon.VERBS["sleep"]), "order", {"Dog the sleeps."}),
    ],
)
def test_a_mistake_breaks_the_rule_it_is_named_for(scene: Scene, fault: str, said: set[str]) -> None:
    assert say(scene, fault=fault) in said


def test_a_filled_gap_is_ungrammatical() -> None:
    clause = Relative(toy_lexicon.VERBS["love"], BOY, subject=False, past=False)
    scene = Scene(replace(DOG, relative=clause), toy_lexicon.VERBS["sleep"])
    assert say(scene) == "The dog that the boy loves sleeps."
    wrong = say(scene, fault="gap")
    assert wrong.startswith("The dog that the boy loves ")
    assert len(wrong.split()) > len(say(scene).split())


def test_every_mistake_changes_what_is_said() -> None:
    for fault in FAULTS:
        for seed in range(40):
            scene = toy._room_for(fault, Dice(seed))
            clause = Relative(toy_lexicon.VERBS["love"], BOY, subject=False, past=False)
            if fault == "gap":
                scene = replace(scene, agent=replace(scene.agent, relative=clause))
            assert Speaker(Dice(0)).say(scene, fault=fault) != Speaker(Dice(0)).say(scene), (fault, scene)


def test_changes_that_follow_name_wider_words_or_less_detail() -> None:
    hawk = toy_lexicon.NOUNS["hawk"]
    assert [noun.name for noun in general(hawk)] == ["bird", "animal"]
    clause = Relative(toy_lexicon.VERBS["love"], CAT, subject=True, past=False)
    scene = replace(CHASE, agent=replace(DOG, relative=clause), patient=BOY)
    assert say(only_relative(scene, Dice(0))) == "The dog loves a cat."
    assert drop_place(CHASE, Dice(0)) is None
    assert say(swap_roles(CHASE, Dice(0))) == "A cat chases the dog."


def test_following_scenes_keep_their_polarity() -> None:
    dice = Dice(3)
    for _ in range(200):
        scene = draw_scene(dice, negative=0.0)
        wider = change(scene, dice, FOLLOWS)
        assert wider is None or (wider != scene and not wider.negative)


# The model -----------------------------------------------------------------------------------------------


def test_the_embedded_model_is_small() -> None:
    assert sum(file.stat().st_size for file in TINY.iterdir()) <= 3_000_000


def test_the_embedded_model_loads_offline_and_knows_every_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import torch
    from transformers import AutoModel, AutoTokenizer

    model, loading = AutoModel.from_pretrained(TINY, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"]
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert model.pooler is not None
    tokenizer = AutoTokenizer.from_pretrained(TINY)
    for name in NAMES:
        for rows in both_sets(name):
            ids = tokenizer(*rows.texts)["input_ids"]
            assert max(map(len, ids)) <= model.config.max_position_embeddings
            assert not any(tokenizer.unk_token_id in row for row in ids)
            lengths = [
                len(" ".join(texts).replace(",", " ,").replace(".", " .").split())
                for texts in zip(*rows.texts, strict=True)
            ]
            assert [len(row) - 1 - len(rows.texts) for row in ids] == lengths
    assert "[UNK]" not in tokenizer.tokenize("Completely different words, 42 of them!")
