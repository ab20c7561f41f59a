"""refused.py CODE TEXT COMMAND...

Succeeds where COMMAND ends with exit code CODE, says one line that holds TEXT on standard error and nothing on standard
output, and leaves the folder as it was. What to read on standard input may follow the command as "< FILE".
"""
import os
import subprocess
import sys


def listing():
    return {e.name: (e.stat().st_size, e.stat().st_mtime_ns) for e in os.scandir(".")}


def problem(code, text, command):
    source = subprocess.DEVNULL
    if len(command) > 2 and command[-2] == "<":
        source, command = open(command[-1], "rb"), command[:-2]
    before = listing()
    done = subprocess.run(command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    said = done.stderr.decode(errors="replace")
    if done.returncode != code:
        return f"exit code {done.returncode}, not {code}: {said}"
    if said.count("\n") != 1 or not said.endswith("\n"):
        return f"not one line: {said!r}"
    if text not in said:
        return f"{text!r} is not in {said!r}"
    if done.stdout:
        return f"printed {done.stdout!r}"
    if listing() != before:
        return f"changed the folder from {sorted(before)} to {sorted(listing())}"
    return None


def main():
    found = problem(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
    if found:
        sys.exit(f"{' '.join(sys.argv[3:])}: {found}")


main()
