"""Layers and models as pure functions on plain dictionaries of arrays."""

from course.nn.layers import (
    attention,
    attention_weights,
    causal_mask,
    init_attention,
    init_mlp,
    linear,
    mlp,
    multi_head_attention,
    normal,
    queries_and_keys,
    rms_norm,
    rotary,
    squared_relu,
)
from course.nn.transformer import (
    block,
    blocks,
    cross_entropy,
    init_block,
    init_blocks,
    init_language_model,
    language_model,
    next_token_loss,
    readout,
)

__all__ = [name for name in dir() if not name.startswith("_") and name not in ("layers", "transformer")]
