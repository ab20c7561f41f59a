"""Small random checkpoint folders, legal for the libraries, in the style that they write.

A seed decides everything: sizes, options, whether gates are strong, weak or mixed, the stored type
and whether the weights are sharded.
"""

import json
from pathlib import Path

import numpy as np

from .config import read_config
from .safetensors_io import round_to_bf16, write_file

COMMON = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0, "use_cache": True}
FLA = {**COMMON, "attn": None, "attn_mode": "fused_recurrent", "attnres_block_size": None,
       "conv_size": 4, "elementwise_affine": True, "fuse_cross_entropy": False,
       "fuse_linear_cross_entropy": False, "fuse_norm": True, "fuse_swiglu": True,
       "hidden_act": "swish", "hidden_ratio": 4, "initializer_range": 0.02, "intermediate_size": None,
       "max_position_embeddings": 2048, "norm_eps": 1e-6, "transformers_version": "5.17.0",
       "use_l2warp": False, "use_short_conv": False}
MAMBA = {**COMMON, "initializer_range": 0.1, "rescale_prenorm_residual": False,
         "residual_in_fp32": True, "time_step_floor": 1e-4, "time_step_max": 0.1,
         "time_step_min": 1e-3, "transformers_version": "5.17.0"}
CLASSES = {**{family: name + "ForCausalLM" for family, name in {
               "hgrn": "HGRN", "hgrn2": "HGRN2", "gla": "GLA", "retnet": "RetNet", "mamba": "Mamba",
               "mamba2": "Mamba2", "recurrent_gemma": "RecurrentGemma", "delta_net": "DeltaNet",
               "gated_deltanet": "GatedDeltaNet", "kda": "KDA", "rwkv7": "RWKV7"}.items()},
           "lstm": "RecurrentLanguageModel", "gru": "RecurrentLanguageModel", "min_gru": "minLM", "xlstm": "xLSTMForCausalLM",
           "xlstm_block_stack": "xLSTMLMModel", "s4d": "DiagonalLanguageModel", "s5": "DiagonalLanguageModel"}


class Draw:
    """Short names over a numpy generator."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def one(self, *options):
        return options[self.rng.integers(len(options))]

    def chance(self, probability):
        return bool(self.rng.random() < probability)

    def whole(self, low, high):
        """An integer in [low, high]."""
        return int(self.rng.integers(low, high + 1))

    def divisor(self, number):
        return self.one(*(d for d in range(1, number + 1) if number % d == 0))


def common(draw):
    # Two in three speak bytes, so that a text file can be scored with them.
    return {"vocab_size": 256 if draw.chance(2 / 3) else draw.one(64, 100, 257, 300, 512),
            "num_hidden_layers": draw.whole(1, 4)}


def fla_options(draw, config, hybrid):
    """What the four families of flash-linear-attention share; hidden_size is already drawn."""
    config.update(common(draw))
    config["tie_word_embeddings"] = draw.chance(0.3)
    config["elementwise_affine"] = draw.chance(0.8)
    config["fuse_norm"] = draw.chance(0.7)
    config["norm_eps"] = draw.one(1e-6, 1e-5, 1e-3)
    config["attn_mode"] = draw.one("chunk", "fused_recurrent")
    if draw.chance(0.7):
        config["intermediate_size"] = draw.one(17, 32, 48, 96, 100)
    else:
        config["hidden_ratio"] = draw.one(2, 4, 8, None)
    hidden, layers = config["hidden_size"], config["num_hidden_layers"]
    if hybrid and layers > 1 and draw.chance(1 / 5):
        heads = draw.one(*(h for h in range(1, 9) if hidden % (2 * h) == 0))
        config["attn"] = {"layers": sorted({draw.whole(0, layers - 1) for _ in range(2)}),
                          "num_heads": heads, "num_kv_heads": draw.divisor(heads),
                          "qkv_bias": draw.chance(0.5), "window_size": draw.one(None, 1, 7, 40),
                          "rope_theta": draw.one(10000.0, 500.0)}


def draw_hgrn(draw, hybrid):
    config = {**FLA, "hidden_size": draw.one(16, 20, 24, 36, 48, 64, 96)}
    fla_options(draw, config, hybrid)
    config["use_lower_bound"] = draw.chance(0.7)
    config["expand_ratio"] = 1 if config["use_lower_bound"] else draw.one(1, 2, 1.5, 0.5)
    config["use_short_conv"], config["conv_size"] = draw.chance(0.4), draw.whole(2, 5)
    return config


def draw_hgrn2(draw, hybrid):
    heads, width = draw.whole(1, 4), draw.one(4, 6, 8, 12, 16, 24)
    config = {**FLA, "hidden_size": heads * width, "expand_ratio": width, "num_heads": heads}
    if config["hidden_size"] % 2:
        hybrid = False
    fla_options(draw, config, hybrid)
    config["use_lower_bound"] = draw.chance(0.7)
    config["use_short_conv"], config["conv_size"] = draw.chance(0.4), draw.whole(2, 5)
    return config


def draw_heads(draw, config, unit):
    """num_heads, kv heads, widths: hidden_size / num_heads is a multiple of unit, so that every
    expansion gives whole (and with unit 8 even) head widths."""
    heads = draw.whole(1, 4)
    config["hidden_size"] = heads * unit * draw.whole(1, 24 // unit)
    config["num_heads"] = heads
    config["num_kv_heads"] = draw.one(None, draw.divisor(heads))
    config["expand_k"], config["expand_v"] = draw.one(0.25, 0.5, 1.0, 1.5), draw.one(0.5, 1.0, 1.5, 2.0)
    config["use_output_gate"] = draw.chance(0.75)


def draw_gla(draw, hybrid):
    config = {**FLA, "use_gk": True, "use_gv": False}
    draw_heads(draw, config, 4)
    fla_options(draw, config, hybrid)
    config["feature_map"] = draw.one(None, None, None, "relu", "sigmoid", "swish", "sqrelu", "gelu")
    config["clamp_min"] = draw.one(None, None, -0.05, -1.0)
    config["use_short_conv"], config["conv_size"] = draw.chance(0.4), draw.whole(2, 5)
    return config


def draw_retnet(draw, hybrid):
    config = dict(FLA)
    draw_heads(draw, config, 8)
    fla_options(draw, config, hybrid)
    config["feature_map"] = draw.one(None, None, None, "relu", "silu", "gelu", "tanh")
    return config


def draw_delta_net(draw, hybrid):
    heads = draw.whole(1, 4)
    config = {**FLA, "num_heads": heads, "hidden_size": heads * draw.one(4, 8, 12, 16)}
    fla_options(draw, config, hybrid)
    del config["elementwise_affine"]
    config["expand_k"], config["expand_v"] = draw.one(0.5, 1.0, 1.5), draw.one(0.5, 1.0, 2.0)
    config["qk_activation"] = draw.one("silu", "silu", "relu", "elu", "identity")
    config["use_beta"], config["use_gate"] = draw.chance(0.8), draw.chance(0.4)
    config["allow_neg_eigval"] = config["use_beta"] and draw.chance(0.5)
    config["use_short_conv"], config["conv_size"] = draw.chance(0.7), draw.whole(2, 5)
    return config


def draw_delta_heads(draw, hybrid):
    """What Gated DeltaNet and KDA share."""
    config = {**FLA, "hidden_size": draw.one(16, 24, 48, 64)}
    fla_options(draw, config, hybrid)
    del config["elementwise_affine"]
    config["num_heads"] = draw.whole(1, 3)
    config["num_v_heads"] = draw.one(None, config["num_heads"] * draw.whole(1, 3))
    config["head_dim"], config["expand_v"] = draw.one(4, 8, 12, 16), draw.one(0.5, 1.0, 1.5, 2.0)
    config["allow_neg_eigval"] = draw.chance(0.5)
    config["use_short_conv"], config["conv_size"] = draw.chance(0.7), draw.whole(2, 5)
    return config


def draw_gated_deltanet(draw, hybrid):
    config = draw_delta_heads(draw, hybrid)
    config["use_gate"] = draw.chance(0.8)
    config["output_gate_activation"] = draw.one("swish", "swish", "sigmoid")
    return config


def draw_rwkv7(draw, hybrid):
    heads, width = draw.whole(1, 4), draw.one(4, 8, 12, 16)
    config = {**FLA, **common(draw), "hidden_size": heads * width, "head_dim": width, "num_heads": heads,
              "hidden_act": "sqrelu", "tie_word_embeddings": draw.chance(0.3), "norm_eps": draw.one(1e-5, 1e-3),
              "norm_first": draw.chance(0.7), "norm_bias": draw.chance(0.8),
              "value_dim": draw.one(None, [heads * width])}
    for name in ("decay", "gate", "a", "v"):
        config[f"{name}_low_rank_dim"] = draw.whole(1, 12)
    config["intermediate_size"] = draw.one(None, 17, 96)
    for key in ("attnres_block_size", "conv_size", "elementwise_affine", "use_short_conv"):
        del config[key]
    return config


def draw_recurrent_gemma(draw, hybrid):
    heads, width = draw.one(1, 2, 3, 4), draw.one(4, 8, 12, 16, 20)
    hidden = heads * width
    config = {**COMMON, **common(draw), "hidden_size": hidden, "head_dim": width,
              "num_attention_heads": heads, "num_key_value_heads": draw.divisor(heads),
              "attention_bias": draw.chance(0.4), "attention_dropout": 0.0,
              "attention_window_size": draw.one(1, 2, 5, 16, 33, 64, 128),
              "block_types": draw.one(["recurrent", "recurrent", "attention"], ["recurrent"],
                                      ["attention"], ["attention", "recurrent"],
                                      ["recurrent", "attention"]),
              "conv1d_width": draw.one(1, 2, 3, 4, 4, 5),
              "hidden_activation": draw.one("gelu_pytorch_tanh", "gelu_pytorch_tanh", "gelu", "silu",
                                            "relu", "quick_gelu"),
              "intermediate_size": draw.one(33, 64, 96, 200), "logits_soft_cap": draw.one(30.0, 8.0, 50.0),
              "lru_width": hidden if draw.chance(0.75) else heads * draw.one(5, 8, 24),
              "rms_norm_eps": draw.one(1e-6, 1e-5), "tie_word_embeddings": draw.chance(0.75),
              "partial_rotary_factor": 0.5, "w_init_variance_scale": 0.01,
              "final_w_init_variance_scale": 2 / 3, "transformers_version": "5.17.0"}
    theta = draw.one(10000.0, 1000.0)
    if draw.chance(0.75):
        config["rope_parameters"] = {"partial_rotary_factor": 0.5, "rope_theta": theta,
                                     "rope_type": "default"}
    else:
        config["rope_theta"] = theta  # as transformers 4 wrote it
    return config


def draw_mamba(draw, hybrid):
    hidden, expand = draw.one(16, 20, 24, 32, 48, 64), draw.whole(1, 3)
    return {**MAMBA, **common(draw), "hidden_size": hidden, "expand": expand,
            "intermediate_size": hidden * expand, "state_size": draw.one(1, 4, 5, 8, 16),
            "conv_kernel": draw.one(1, 2, 3, 4, 4, 5), "time_step_rank": draw.whole(1, 6),
            "hidden_act": draw.one("silu", "silu", "gelu", "relu", "tanh", "mish"),
            "layer_norm_epsilon": draw.one(1e-5, 1e-6, 1e-3), "use_bias": draw.chance(0.4),
            "use_conv_bias": draw.chance(0.7), "tie_word_embeddings": draw.chance(0.6),
            "time_step_init_scheme": "random", "time_step_scale": 1.0,
            "use_associative_scan": True, "use_mambapy": False}


def draw_mamba2(draw, hybrid):
    heads, width, expand = draw.one(1, 2, 3, 4, 6), draw.one(4, 8, 12, 16), draw.one(1, 2, 4)
    return {**MAMBA, **common(draw), "hidden_size": heads * width // expand, "expand": expand,
            "num_heads": heads, "head_dim": width, "n_groups": draw.divisor(heads),
            "state_size": draw.one(4, 6, 8, 16, 32), "chunk_size": draw.one(16, 64, 256),
            "conv_kernel": draw.one(1, 2, 3, 4, 4, 5), "time_step_rank": draw.whole(1, 6),
            "hidden_act": draw.one("silu", "silu", "gelu", "relu", "tanh"),
            "layer_norm_epsilon": draw.one(1e-5, 1e-6, 1e-3), "use_bias": draw.chance(0.4),
            "use_conv_bias": draw.chance(0.7), "tie_word_embeddings": draw.chance(0.4),
            "time_step_limit": draw.one([0.0, {"__float__": "Infinity"}], [0.0, {"__float__": "Infinity"}],
                                        [0.01, 0.3])}


def draw_torch_rnn(draw, cell):
    shared = common(draw)
    return {"cell": cell, "embedding_size": draw.one(5, 16, 24, 33), "hidden_size": draw.one(3, 16, 20, 31, 48),
            "num_layers": shared["num_hidden_layers"], "vocab_size": shared["vocab_size"], "bias": draw.chance(0.8)}


def draw_lstm(draw, hybrid):
    return draw_torch_rnn(draw, "LSTM")


def draw_gru(draw, hybrid):
    return draw_torch_rnn(draw, "GRU")


def draw_min_gru(draw, hybrid):
    shared = common(draw)
    return {"dim": draw.one(16, 20, 24, 36, 48), "depth": shared["num_hidden_layers"], "num_tokens": shared["vocab_size"],
            "expansion": draw.one(1, 1.5, 1.5, 2), "ff_mult": draw.one(2, 4)}


def draw_xlstm(draw, hybrid):
    heads, unit = draw.whole(1, 4), draw.one(4, 8, 12)
    shared = common(draw)
    return {**COMMON, **shared, "hidden_size": heads * 2 * unit, "num_heads": heads, "qk_dim_factor": draw.one(0.5, 1.0),
            "v_dim_factor": draw.one(0.5, 1.0), "ffn_proj_factor": draw.one(1.5, 2.667), "ffn_round_up_to_multiple_of": draw.one(8, 32),
            "gate_soft_cap": draw.one(15.0, 5.0), "output_logit_soft_cap": draw.one(30.0, 10.0),
            "norm_eps": draw.one(1e-6, 1e-5), "tie_word_embeddings": draw.chance(0.3)}


def draw_xlstm_block_stack(draw, hybrid):
    shared = common(draw)
    layers, heads = shared["num_hidden_layers"], draw.one(1, 2, 4)
    return {"embedding_dim": heads * draw.one(5, 8, 12, 16), "num_blocks": layers, "vocab_size": shared["vocab_size"],
            "slstm_at": sorted({draw.whole(0, layers - 1) for _ in range(draw.whole(0, 2))}),
            "mlstm": {"num_heads": draw.one(1, 2, 4, 8), "conv1d_kernel_size": draw.whole(2, 5), "qkv_proj_blocksize": draw.one(4, 8)},
            "slstm": {"num_heads": heads, "conv1d_kernel_size": draw.whole(2, 5), "backend": "vanilla"},
            "feedforward": {"act_fn": "gelu", "proj_factor": draw.one(1.3, 2.0)}}


def draw_s4d(draw, hybrid):
    return {**common(draw), "hidden_size": draw.one(16, 20, 33, 48), "d_state": draw.one(2, 8, 14, 24)}


def draw_s5(draw, hybrid):
    hidden = draw.one(16, 20, 33, 48)
    return {**common(draw), "hidden_size": hidden, "width": hidden, "state_width": draw.one(1, 16, 21, 32),
            "discretization": draw.one("zoh", "bilinear"), "block_count": 1, "dt_min": 0.01, "dt_max": 0.2}


DRAWS = {"hgrn": draw_hgrn, "hgrn2": draw_hgrn2, "gla": draw_gla, "retnet": draw_retnet,
         "recurrent_gemma": draw_recurrent_gemma, "mamba": draw_mamba, "mamba2": draw_mamba2,
         "delta_net": draw_delta_net, "gated_deltanet": draw_gated_deltanet, "kda": draw_delta_heads,
         "rwkv7": draw_rwkv7, "lstm": draw_lstm, "gru": draw_gru, "min_gru": draw_min_gru,
         "xlstm": draw_xlstm, "xlstm_block_stack": draw_xlstm_block_stack, "s4d": draw_s4d, "s5": draw_s5}


def draw_weight(draw, name, shape, strength, centred):
    """One weight; `strength` is how fast gates forget, `centred`: norm weights are stored less one."""
    rng, last = draw.rng, name.rsplit(".", 2)[-2:]

    def between(weak, strong, size=shape):
        """Uniform in the range of that strength; mixed spans both."""
        low, high = {"weak": weak, "strong": strong, "mixed": (min(weak + strong), max(weak + strong))}[strength]
        return rng.uniform(low, high, size)

    if last[-1] == "A_log":
        return np.log(rng.uniform(1, 16, shape))
    if last[-1] in ("log_dt", "log_step"):
        return between((-9, -5), (-1.5, 1))
    if last[-1] == "log_A_real":
        return rng.normal(-0.7, 0.5, shape)
    if last[-1] == "A_imag":
        return rng.uniform(0, 20, shape)
    if last[-1] == "Lambda":
        return np.stack([-np.exp(rng.normal(-0.7, 0.5, shape[0])), rng.uniform(-20, 20, shape[0])], axis=-1)
    if last[-1] == "D":
        return rng.normal(1, 0.5, shape)
    if last[-1] == "dt_bias" or last == ["dt_proj", "bias"]:
        dt = np.exp(between((-9, -3), (-1.5, 1.5)))
        return dt + np.log(-np.expm1(-dt))  # inverse of softplus
    if last[-1] == "recurrent_param":
        return between((-8, -5), (0, 3))
    if name.endswith("gk_proj.1.bias"):
        return between((2, 8), (-60, -10))
    if last[-1] == "lower_bounds":
        return rng.normal(0, 1.5, shape)
    if len(shape) == 1 and ("norm" in name or name.startswith("layers.") and last[-1] == "weight" or last[-1] == "learnable_skip"):
        return rng.normal(0 if centred else 1, 0.2, shape)
    if len(shape) == 1 or last[-1].endswith("_bias") or last[-1].startswith("bias_"):
        return rng.normal(0, 0.3, shape)
    if last[0] in ("embeddings", "embed_tokens", "embed", "token_emb", "token_embedding"):
        return rng.normal(0, 1 / np.sqrt(shape[-1]) if centred else 1, shape)
    gain = 1.0
    if last[0] == "lm_head":
        gain = 2.5
    elif last[0] in ("f_proj", "to_hidden_and_gate") or name.endswith("gk_proj.1.weight"):
        gain = {"weak": 0.3, "strong": 6.0, "mixed": 2.0}[strength]
    # [out, in], [D, 1, W] and the block-diagonal [H, in, out], whose blocks are square.
    return rng.normal(0, gain / np.sqrt(shape[-1]), shape)


def write_random(family, seed, folder, hybrid=True):
    """Writes config.json and the weights; the same seed gives the same bytes."""
    from . import FAMILIES
    draw = Draw([seed, *family.encode()])
    config = DRAWS[family](draw, hybrid)
    stored = draw.one("bfloat16", "bfloat16", "bfloat16", "float32", "mixed")
    config.update(model_type=family, architectures=[CLASSES[family]],
                  dtype="bfloat16" if stored == "mixed" else stored)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for stale in [*folder.glob("model*.safetensors"), *folder.glob("model.safetensors.index.json")]:
        stale.unlink()
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")

    model = FAMILIES[family].Model
    strength = draw.one("weak", "strong", "mixed")
    shapes = model.layout(read_config(folder))
    weights = {name: draw_weight(draw, name, shape, strength, family in ("recurrent_gemma", "xlstm_block_stack"))
               .astype(np.float32) for name, shape in sorted(shapes.items())}
    # The mixed form is what training in mixed precision leaves: small vectors in float32.
    narrow = {name for name, array in weights.items()
              if stored == "bfloat16" or stored == "mixed" and array.ndim > 1}
    for name in narrow:
        weights[name] = round_to_bf16(weights[name])
    if config.get("tie_word_embeddings") and draw.chance(1 / 6):
        # Some writers store the tied head a second time.
        weights["lm_head.weight"] = weights[model.embedding_name]
        if model.embedding_name in narrow:
            narrow.add("lm_head.weight")
    write_shards(folder, weights, narrow, draw.whole(2, 3) if draw.chance(0.25) else 1)


def write_shards(folder, weights, narrow, count):
    """One model.safetensors, or `count` shards and their index."""
    if count == 1:
        write_file(folder / "model.safetensors", weights, narrow)
        return
    names = list(weights)
    weight_map = {}
    for n in range(count):
        part = names[n * len(names) // count:(n + 1) * len(names) // count]
        shard = f"model-{n + 1:05}-of-{count:05}.safetensors"
        write_file(folder / shard, {name: weights[name] for name in part}, narrow)
        weight_map.update({name: shard for name in part})
    total = sum(array.size * (2 if name in narrow else 4) for name, array in weights.items())
    (folder / "model.safetensors.index.json").write_text(json.dumps(
        {"metadata": {"total_size": total}, "weight_map": weight_map}, indent=2, sort_keys=True) + "\n")
