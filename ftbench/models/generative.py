"""Models that were made to generate text, under short names: decoders, and the encoders of T5.

Recipes. GPT-2 takes that of GPT (Radford et al. 2018, section 4.1): batches of 32, 6.25e-5, 3 epochs, 0.2 %
warm-up, decay 0.01. T5 takes 1e-4, the lower of the two rates that the documentation of transformers names
for AdamW; T5's own goes with Adafactor. The other decoders have no recipe for small classification tasks
that their authors would have published: 1e-5, 3 % warm-up and no decay is our choice, Alpaca's (Taori et
al. 2023) at half its rate, since batches are smaller. None of them has been tuned here.

Memory, in the notes: 16 bytes a parameter for fp32 weights, gradients and AdamW's two moments, reckoned,
not measured. Activations come on top; methods that keep copies of the weights take more, ``lora`` a
quarter.
"""

from __future__ import annotations

from ftbench.domain.model import BIASES, ModelSpec

_GPT = {"batch_size": 32, "lr": 6.25e-5, "warmup_ratio": 0.002}
_DECODER = {"lr": 1e-5, "warmup_ratio": 0.03, "weight_decay": 0.0}
_T5 = {"lr": 1e-4}
_NO_BIASES = frozenset({BIASES})


def _memory(millions: float, *more: str) -> str:
    gigabytes = millions * 16 / 1000
    return "; ".join((f"{gigabytes:.{0 if gigabytes >= 10 else 1}f} GB and activations", *more))


def _gpt2(name: str, hub_id: str, millions: float, layers: int) -> ModelSpec:
    return ModelSpec(
        name, hub_id, "gpt2", millions, _GPT, note=_memory(millions), layers=layers, positions=1024
    )


def _decoder(
    name: str,
    hub_id: str,
    family: str,
    millions: float,
    layers: int,
    positions: int,
    *more: str,
    lacks: frozenset[str] = _NO_BIASES,
) -> ModelSpec:
    return ModelSpec(
        name,
        hub_id,
        family,
        millions,
        _DECODER,
        note=_memory(millions, *more),
        layers=layers,
        positions=positions,
        lacks=lacks,
    )


def _t5(name: str, hub_id: str, family: str, millions: float, layers: int, positions: int = 512) -> ModelSpec:
    """Of the encoder alone; the positions are those that its tokenizer gives, the model has no limit."""
    return ModelSpec(
        name,
        hub_id,
        family,
        millions,
        _T5,
        note=_memory(millions, "its encoder alone"),
        layers=layers,
        positions=positions,
        lacks=_NO_BIASES,
    )


_GATED = "gated: accept its terms on the hub, and set HF_TOKEN"
GENERATIVE = (
    _gpt2("gpt2", "openai-community/gpt2", 124, 12),
    _gpt2("gpt2-medium", "openai-community/gpt2-medium", 355, 24),
    _decoder("qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B", "qwen2", 494, 24, 32768, lacks=frozenset()),
    _decoder("qwen3-0.6b", "Qwen/Qwen3-0.6B-Base", "qwen3", 596, 28, 32768),
    _decoder("llama-3.2-1b", "meta-llama/Llama-3.2-1B", "llama", 1236, 16, 131072, _GATED),
    _decoder("gemma-3-270m", "google/gemma-3-270m", "gemma3_text", 268, 18, 32768, _GATED),
    _decoder("gemma-2-2b", "google/gemma-2-2b", "gemma2", 2614, 26, 8192, _GATED),
    _decoder("mistral-7b", "mistralai/Mistral-7B-v0.3", "mistral", 7248, 32, 32768, "lora 29 GB"),
    _t5("t5-small", "google-t5/t5-small", "t5", 35.3, 6),
    _t5("t5-base", "google-t5/t5-base", "t5", 109.6, 12),
    _t5("t5-large", "google-t5/t5-large", "t5", 335, 24),
    _t5("mt5-small", "google/mt5-small", "mt5", 147, 8, positions=0),
)
