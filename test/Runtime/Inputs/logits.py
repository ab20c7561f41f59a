"""logits.py PROGRAM   the stub's logits by every mode, against each other and against the model in numpy."""
import subprocess
import sys

import numpy as np
from strand_oracle.safetensors_io import read_file, write_file

D, K, V = 16, 4, 256


def embedding():
    """The pattern of stub_model.c: signed bytes."""
    one = lambda i: [(i * 197 + 91) & 255]
    four = lambda i: sum((one(i + j) for j in range(4)), [])
    w16 = lambda i: sum((four(i + j) for j in (0, 4, 8, 12)), [])
    w64 = lambda i: w16(i) + w16(i * 3 + 16) + w16(i * 5 + 32) + w16(i * 7 + 48)
    w256 = lambda i: sum((w64(i + j) for j in (0, 67, 131, 199)), [])
    seeds = (1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)
    return np.array(sum((w256(s) for s in seeds), []), np.uint8).view(np.int8).reshape(V, D).astype(np.float64)


def oracle(ids):
    table = embedding()
    columns = table[(np.arange(V) * 7 + 3) % V]
    out = np.empty((len(ids), V))
    memory, keys = np.full(D, 0.25), []
    for t, token in enumerate(ids):
        memory = 0.75 * memory + table[token] / 128
        keys.append(memory[:K] * table[token][:K])
        mix = keys[0][np.arange(V) % K] + keys[t // 2][np.arange(V) % K] - keys[t][(np.arange(V) + 1) % K]
        out[t] = mix + columns @ memory / 16
    return out


def logits(ids, mode, *more):
    write_file("ids.safetensors", {"input_ids": ids})
    done = subprocess.run([sys.argv[1], "logits", "--input", "ids.safetensors", "--output", "out.safetensors", "--mode",
                           mode, *more], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return read_file("out.safetensors")["logits"], done.stdout.decode()


def main():
    ids = np.random.default_rng(3).integers(0, V, (3, 40)).astype(np.int32)
    want = np.stack([oracle(row) for row in ids])
    prefill, _ = logits(ids, "prefill")
    assert np.abs(prefill - want).max() <= 1e-4 * np.abs(want).max(), np.abs(prefill - want).max()
    print("prefill is the model in numpy")
    for mode in ("step", "cut:0", "cut:13", "cut:40", "cut", "ragged"):
        assert np.array_equal(logits(ids, mode, "--seed", "9", "--threads", "2")[0], prefill), mode
        print(mode, "is prefill")
    assert np.array_equal(logits(ids.astype(np.int64), "prefill")[0], prefill)
    print("ids of 64 bits are ids")
    print(logits(ids, "cut", "--seed", "4", "--json")[1], end="")


main()
