"""The bundled checkpoint in Python against the program that strandc makes of it: logits, text, and states that go from
the one to the other and back.

    models.py FOLDER FOLDER_FOR_FILES
"""
import json
import os
import subprocess
import sys

import numpy as np
import strand
from strand_oracle.safetensors_io import read_file, write_file

folder, files = sys.argv[1:]
at = lambda name: os.path.join(files, name)
run = lambda *words: subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
subprocess.run(["strandc", folder, "-o", at("model")], check=True)
model = strand.load(folder)
assert (model.vocabulary, model.family) == (256, "hgrn"), (model.vocabulary, model.family)
assert model.inputs == [strand.Value("tokens", "int32", (), True)]
assert model.outputs == [strand.Value("logits", "float32", (256,), True)]
assert len(model.states) == 4 and model.states[0].shape == (192,), model.states
assert model.report["ops"], "the report of passes"
assert json.loads(run(at("model"), "info", "--json"))["hash"] == model.hash
print("schema right")

# ---- logits ----
ids = np.random.default_rng(3).integers(0, 256, (3, 40), dtype=np.int32)
write_file(at("ids.safetensors"), {"input_ids": ids})
run(at("model"), "logits", "--input", at("ids.safetensors"), "--output", at("logits.safetensors"), "--mode", "prefill")
want = read_file(at("logits.safetensors"))["logits"]


def same(got, want):
    assert got.shape == want.shape, (got.shape, want.shape)
    error = np.sqrt(np.mean((got.astype(np.float64) - want) ** 2) / np.mean(want ** 2))
    assert error < 1e-5, error


same(model(ids), want)                                                        # [sequences, rows]
same(model(ids.ravel(), offsets=[0, 40, 80, 120]), want.reshape(120, 256))    # packed
same(model(ids[1]), want[1])                                                  # alone
same(model(ids[1].astype(np.int64)), want[1])                                 # i64
same(model(ids[1].tolist()), want[1])                                         # a list
same(model(bytes(ids[1].tolist())), want[1])                                  # bytes
same(model(ids, last=True), want[:, -1])
same(model(ids[:, :1].copy()), want[:, :1])
out = np.full((40, 256), np.nan, np.float32)
assert model(ids[2], out=out) is out
same(out, want[2])
unaligned = np.zeros(41 * 256 * 4 + 4, np.uint8)[4:4 + 40 * 256 * 4].view(np.float32).reshape(40, 256)
same(model(ids[2], out=unaligned), want[2])
assert model(np.zeros(0, np.int32)).shape == (0, 256)
assert model(np.zeros(0, np.int32), offsets=[0]).shape == (0, 256)
print("logits right")

# ---- states ----
state = model.state(3)
cut = [model(ids[:, i:j].copy(), state=state) for i, j in ((0, 11), (11, 12), (12, 40))]
same(np.concatenate(cut, axis=1), want)
state = model.state(2)
model(ids[:2, :20].copy(), state=state)
(third,) = state.append(state, ids=1)
assert (third, len(state), state.rows(2)) == (2, 3, 20)
taken = state.cut([0, 2])
assert (state.ids, taken.ids) == ([1], [0, 1])
same(model(ids[1, 20:], state=state), want[1, 20:])
same(model(ids[:2, 20:].copy(), state=taken), want[:2, 20:])
again = strand.State.load(model, taken.save(ids=[1]))
assert again.ids == [0] and again.rows() == 40
same(model(ids[1, :20], state=state.fork()), model(ids[1, :20], state=again))
state.reset()
same(model(ids[1], state=state), want[1])
assert state.add(2) == [0, 2]
state.remove([1, 0])
assert state.ids == [2]
print("states right")

# ---- text, and states between program and library ----
how = dict(temperature=0.8, top_k=40, top_p=0.95, seed=7)
words = ["--temperature", "0.8", "--top-k", "40", "--top-p", "0.95", "--seed", "7"]
whole = run(at("model"), "generate", "--prompt", "// A pass", "--max-tokens", "60", *words)
assert model.generate("// A pass", 60, **how) == whole, whole
assert b"".join(bytes([i]) for i in model.stream(b"// A pass", 60, **how)) == whole

first = run(at("model"), "generate", "--prompt", "// A pass", "--max-tokens", "20", "--state-out", at("state"), *words)
state = model.load_state(at("state"))
assert state.pending() == first[-1] and state.rows() == len("// A pass") + 19
second = model.generate(max_tokens=20, state=state, **how)
state.save(at("state2"))
third = run(at("model"), "generate", "--max-tokens", "20", "--state-in", at("state2"), "--state-out", at("state3"),
            *words)
assert first + second + third == whole, (first, second, third, whole)
assert model.load_state(at("state3")).save() == open(at("state3"), "rb").read(), "the same bytes"
print("program and library right")
