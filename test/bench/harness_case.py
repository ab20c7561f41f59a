"""One case of the peers' harness on Strand; to be its --extra command:

    python cpu_anchors.py --only scan --peers hand --extra 'python .../test/bench/harness_case.py'

Reads the case from $ANCHOR_CASE and inputs from $ANCHOR_INPUTS, prints one JSON line. Needs strand-bench on the PATH.
"""
import json
import os
import subprocess
import sys

import numpy as np

sys.dont_write_bytecode = True
from cases import OPS  # noqa: E402


def in_rows(array, function, name):
    """What the harness has, as the argument has it."""
    if name == "A" and array.ndim == 2:
        return np.ascontiguousarray(array.T)
    if name not in function.rows:
        return array
    return np.ascontiguousarray(function.in_rows(array).reshape(-1, *function.rows[name]))


def main():
    case, folder = json.loads(os.environ["ANCHOR_CASE"]), os.environ["ANCHOR_INPUTS"]
    function = OPS[case["op"]](**case["shape"])
    where = os.path.join(folder, "strand")
    os.makedirs(where, exist_ok=True)
    for name in [*function.rows, *function.fixed, *filter(None, [function.state])]:
        np.save(os.path.join(where, name + ".npy"), in_rows(np.load(os.path.join(folder, name + ".npy")), function, name))
    source = os.path.join(where, "case.mlir")
    with open(source, "w") as f:
        f.write(function.text())
    shape = case["shape"]
    command = ["strand-bench", source, "--function=f", f"--inputs={where}", f"--rows={shape['B'] * shape.get('T', 1)}",
               f"--sequences={shape['B']}", f"--workers={case['threads']}"]
    if function.state:
        command += ["--step", f"--state={function.state}"]
    reference = os.path.join(os.path.dirname(folder.rstrip("/")), "ref-" + case["id"].replace("/", "-") + ".npy")
    if os.path.exists(reference):
        want = function.in_rows(np.load(reference))
        np.save(os.path.join(where, "want.npy"), np.ascontiguousarray(want.reshape(-1, *function.result), np.float32))
        command.append(f"--reference={os.path.join(where, 'want.npy')}")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    print(done.stdout.strip())


main()
