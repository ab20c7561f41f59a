"""score.py PROGRAM   scores of a text against log-softmax in numpy of the logits that the program gives."""
import json
import math
import os
import pty
import subprocess
import sys

import numpy as np
from strand_oracle.safetensors_io import read_file, write_file

PROGRAM = sys.argv[1]
TEXT = bytes(np.random.default_rng(5).integers(0, 256, 1000).astype(np.uint8))


def losses(ids):
    """Of each byte but the first of each row."""
    write_file("ids.safetensors", {"input_ids": ids.astype(np.int32)})
    subprocess.run([PROGRAM, "logits", "--input", "ids.safetensors", "--output", "out.safetensors"], check=True,
                   stderr=subprocess.DEVNULL)
    x = read_file("out.safetensors")["logits"].astype(np.float64)[:, :-1]
    x -= x.max(-1, keepdims=True)
    target = np.take_along_axis(x, ids[:, 1:, None].astype(np.int64), -1)[..., 0]
    return np.log(np.exp(x).sum(-1)) - target


def score(*options, source=None):
    out = subprocess.run([PROGRAM, "score", "--json", *options], check=True, input=source, stdout=subprocess.PIPE).stdout
    return json.loads(out)


def compare(name, got, want, windows):
    total, count = want.sum(), want.size
    assert math.isclose(got["nats"], total, rel_tol=1e-9), (name, got, total)
    assert got["predicted_bytes"] == count and got["windows"] == windows, (name, got, count)
    assert math.isclose(got["nats_per_byte"], total / count, rel_tol=1e-6), (name, got)
    assert math.isclose(got["bits_per_byte"], total / count / math.log(2), rel_tol=1e-6), (name, got)
    print(f"{name}: right")


def on_a_terminal(command):
    """What the command says on standard error when that is a terminal."""
    master, slave = pty.openpty()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    said = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # the terminal has closed
            return said
        if not piece:
            return said
        said += piece


def main():
    with open("text", "wb") as f:
        f.write(TEXT)
    ids = np.frombuffer(TEXT, np.uint8)
    whole = losses(ids[None])
    compare("the whole file", score("text"), whole, 0)
    compare("in pieces of 7 rows", score("--rows", "7", "--threads", "2", "text"), whole, 0)
    compare("from standard input", score("-", source=TEXT), whole, 0)
    compare("windows of 100", score("--window", "100", "text"), losses(ids.reshape(10, 100)), 10)
    compare("the first 3 windows of 64", score("--window=64", "--windows=3", "text"), losses(ids[:192].reshape(3, 64)), 3)
    compare("windows longer than a call", score("--window", "300", "--rows", "128", "text"), losses(ids[:900].reshape(3, 300)), 3)
    line = subprocess.run([PROGRAM, "score", "text"], check=True, stdout=subprocess.PIPE).stdout.decode()
    assert line.startswith(f"{whole.mean():.6f} nats a byte, {whole.mean() / math.log(2):.6f} bits a byte, 999 bytes"), line
    print("a line for people: right")
    bar = on_a_terminal([PROGRAM, "score", "text"])
    assert b"\r[" in bar and b"nats a byte" in bar, bar
    print("a bar on a terminal: right")


main()
