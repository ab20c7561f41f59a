"""README.md holds what it says.

    readme.py check SOURCE         its two commands are the scripts that build all, its map names every folder, its table
                                   every family
    readme.py run SOURCE           runs the command lines of "What it compiles" as written, in the current folder
    readme.py demo SOURCE BUILD    runs the first command in a build folder that is up to date
"""
import os
import re
import subprocess
import sys

import numpy as np
from strand_oracle.safetensors_io import write_file

SOURCE = sys.argv[2]


def read(*path):
    with open(os.path.join(SOURCE, *path)) as f:
        return f.read()


def section(title):
    return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", read("README.md"), re.M | re.S).group(1)


def commands(title):
    """The indented lines, without what is said of them behind several spaces."""
    return [re.split(r" {3,}", line.strip())[0] for line in section(title).splitlines() if line.startswith("    ")]


def rows(title):
    """First cells of its tables."""
    return [re.findall(r"`([^`]*)`", cell) for cell in re.findall(r"^\| ([^|]*) \|", section(title), re.M)]


def folders(path):
    return [e for e in os.listdir(os.path.join(SOURCE, path)) if os.path.isdir(os.path.join(SOURCE, path, e))]


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def check():
    assert commands("Two commands") == ["test/demo.sh", "test/run.sh"], commands("Two commands")
    for script in ("test/demo.sh", "test/run.sh", ".ci/run"):
        assert os.access(os.path.join(SOURCE, script), os.X_OK), script
    builds = '. "$(dirname "$0")/../cmake/build.sh"'
    assert builds in read("test/demo.sh") and builds in read("test/run.sh")
    assert "check" in read("test/run.sh").split() and "/../test/run.sh" in read(".ci/run")
    print("two commands, both build; .ci/run calls the second")
    for title in ("Map", "What it compiles"):
        cells = [cell for cell in rows(title) if cell]
        assert all(cells.count(cell) == 1 for cell in cells), f"twice under '{title}': {cells}"
    named = {name for names in rows("Map") for name in names}
    missing = [f"lib/{f}" for f in folders("lib") if not any(n.split("/")[:2] == ["lib", f] for n in named)]
    assert not missing, f"not in the map: {missing}"
    absent = [n for n in named if "/" in n and n[0].islower() and "X" not in n and not os.path.exists(os.path.join(SOURCE, n))]
    assert not absent, f"in the map, and not there: {absent}"
    print("the map names every folder of lib")
    families = {name for names in rows("What it compiles")[1:] for name in names} - {"model_type"}
    found = {snake(f[:-4]) for f in os.listdir(os.path.join(SOURCE, "lib/Import/Families")) if f.endswith(".cpp")}
    assert families == found, f"families: {families ^ found}"
    print("the table names every family")


def run():
    write_file("ids.safetensors", {"input_ids": np.arange(200, dtype=np.int32).reshape(2, 100)})
    for line in commands("What it compiles"):
        if not line.startswith(("strandc ", "./model ")):
            continue
        line = re.sub(r"\bFOLDER\b", os.path.join(SOURCE, "test/models/hgrn"), line)
        line = re.sub(r"\bFILE\b", os.path.join(SOURCE, "README.md"), line)
        done = subprocess.run(["sh", "-ec", line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, f"{line}: {done.stdout.decode(errors='replace')}"
        print("ran:", line.replace(SOURCE + "/", ""))


def demo():
    script = "".join(line for line in read("test/demo.sh").splitlines(True) if "cmake/build.sh" not in line)
    out = subprocess.run(["sh", "-eu", "-c", script], cwd=SOURCE, env={**os.environ, "build": sys.argv[3]}, check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    speed = out.stderr.decode().splitlines()[-1]
    assert re.fullmatch(r"prefill: \d+ tokens, [\d.]+ tokens/s; decode: 300 tokens, [\d.]+ tokens/s", speed), speed
    text = out.stdout[-300:].decode(errors="replace")
    assert len(re.findall(r"\w+ \w+", text)) > 20, text
    print("the first command: 300 bytes of text and a speed")


{"check": check, "run": run, "demo": demo}[sys.argv[1]]()
