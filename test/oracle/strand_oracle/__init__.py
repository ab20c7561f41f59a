"""Numpy oracles of the families: slow, obvious, and sharing no code with the compiler."""

from . import (delta_net, gated_deltanet, gla, gru, hgrn, hgrn2, kda, lstm, mamba, mamba2, min_gru, recurrent_gemma,
               retnet, rwkv7, s4d, s5, xlstm, xlstm_block_stack)
from .config import read_config
from .safetensors_io import read_folder

FAMILIES = {"hgrn": hgrn, "gla": gla, "recurrent_gemma": recurrent_gemma, "retnet": retnet,
            "hgrn2": hgrn2, "mamba": mamba, "mamba2": mamba2, "delta_net": delta_net,
            "gated_deltanet": gated_deltanet, "kda": kda, "rwkv7": rwkv7, "lstm": lstm, "gru": gru, "min_gru": min_gru,
            "xlstm": xlstm, "xlstm_block_stack": xlstm_block_stack, "s4d": s4d, "s5": s5}


def load(folder, **options):
    """Checkpoint folder -> Model of its family."""
    config = read_config(folder)
    family = config.get("model_type")
    if family not in FAMILIES:
        raise ValueError(f"model_type {family!r} is none of {', '.join(FAMILIES)}")
    return FAMILIES[family].Model(config, read_folder(folder), **options)
