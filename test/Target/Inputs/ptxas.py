"""ptxas.py CHIP FILE: compiles PTX and prints "N kernels, 0 spills, at most N registers"; fails on spills and warnings."""
import os
import re
import shutil
import subprocess
import sys

ptxas = shutil.which("ptxas") or "/usr/local/cuda/bin/ptxas"
if not os.path.exists(ptxas):
    sys.exit(print("ptxas is not installed: skipped"))
done = subprocess.run([ptxas, "-v", f"-arch={sys.argv[1]}", sys.argv[2], "-o", os.devnull], stdout=subprocess.PIPE,
                      stderr=subprocess.STDOUT, encoding="utf8")
spills = [int(n) for n in re.findall(r"(\d+) bytes spill", done.stdout)]
registers = [int(n) for n in re.findall(r"Used (\d+) registers", done.stdout)]
if done.returncode or sum(spills) or "warning" in done.stdout or "C75" in done.stdout or not registers:
    sys.exit(done.stdout)
print(f"{len(registers)} kernels, {sum(spills)} spills, at most {max(registers)} registers")
