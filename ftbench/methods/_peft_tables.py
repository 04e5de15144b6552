"""What is said here of peft's tuners: variants with names of their own, and what is left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ftbench.domain.hparams import Value


@dataclass(frozen=True)
class Named:
    """A method that is a tuner with one field at a value; the paper where peft does not name it there."""

    title: str
    tuner: str
    field: str
    value: Value
    paper: str = ""


#: Variants that peft makes of a tuner by a field. Each is a name of its own, and its field no hyper-parameter
#: of the tuner, nor of those that stand below it here: every configuration has one name.
NAMED = {
    "dora": Named("DoRA", "lora", "use_dora", True),
    "rslora": Named("rsLoRA", "lora", "use_rslora", True),
    "pissa": Named("PiSSA", "lora", "init_lora_weights", "pissa", "arXiv:2404.02948"),
    "olora": Named("OLoRA", "lora", "init_lora_weights", "olora", "arXiv:2406.01775"),
}

#: Tuners that have no form that classifies, and why.
REFUSED = {
    "adaption_prompt": "peft has it for causal language models alone",
    "cartridge": "peft has it for causal language models alone",
    "cpt": "peft has it for causal language models alone",
    "shadow": "it is made for causal language models: a classifier's loss does not train all of it",
    "multitask_prompt_tuning": "it needs the number of a task with each row, and a job has one task",
    "poly": "it needs the number of a task with each row, and a job has one task",
    "xlora": "it mixes LoRA adapters that were trained before, and a job starts from pretrained weights",
}

#: What peft needs more for than a model.
NEEDS = {
    ("init_lora_weights", "eva"): "it looks at the training rows first",
    ("init_lora_weights", "corda"): "it looks at sample rows first",
    ("init_lora_weights", "lora_ga"): "it looks at gradients of sample rows first",
    ("init_lora_weights", "loftq"): "it needs quantised weights",
    ("use_qalora", True): "it needs quantised weights",
    ("use_asa", True): "it turns parameters on and off as it goes, which an interrupted job could not repeat",
    ("prompt_tuning_init", "TEXT"): "it needs a tokenizer; SAMPLE_VOCAB starts from words, too",
    ("token_indices", None): "it trains the embeddings of given words: give token_indices=ID+ID",
}

#: Fields of configurations that this package sees to, or that say where a configuration is kept.
SEEN_TO = frozenset(
    "task_type peft_type peft_version base_model_name_or_path revision inference_mode modules_to_save"
    " fan_in_fan_out total_step token_dim num_transformer_submodules num_attention_heads num_layers"
    " tokenizer_name_or_path prompt_tuning_init_text progressbar megatron_core alora_invocation_tokens"
    " ensure_weight_tying runtime_offload_base_weight qalora_group_size".split()
)
#: Where a configuration must be given a value, and what it is here: that of ``prefix`` and ``prompt``.
DEFAULTS: Mapping[str, Value] = {"num_virtual_tokens": 20}
#: Titles that are not the names of peft's classes.
TITLES = {
    "adalora": "AdaLoRA",
    "delora": "DeLoRA",
    "glora": "GLoRA",
    "gralora": "GraLoRA",
    "hira": "HiRA",
    "ia3": "(IA)³",
    "ln_tuning": "LN tuning",
    "lora": "LoRA",
    "miss": "MiSS",
    "p_tuning": "P-tuning",
    "prefix_tuning": "Prefix tuning",
    "prompt_tuning": "Prompt tuning",
    "pvera": "PVeRA",
    "randlora": "RandLoRA",
    "road": "RoAd",
    "shira": "SHiRA",
    "tinylora": "TinyLoRA",
    "trainable_tokens": "Trainable tokens",
    "vblora": "VB-LoRA",
    "vera": "VeRA",
}
