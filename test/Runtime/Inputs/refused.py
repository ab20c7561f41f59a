"""refused.py FILE   runs the lines of a test file that have the form

    refused CODE "TEXT" COMMAND...

Each command must end with that exit code, say one line that holds TEXT on standard error and nothing on standard output,
and leave the folder as it was. Standard input is empty.
"""
import os
import shlex
import subprocess
import sys


def listing():
    return {e.name: (e.stat().st_size, e.stat().st_mtime_ns) for e in os.scandir(".")}


def problem(code, text, command):
    before = listing()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
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
    with open(sys.argv[1]) as f:
        cases = [shlex.split(line)[1:] for line in f if line.startswith("refused ")]
    problems = [f"{shlex.join(command)}: {found}" for code, text, *command in cases
                if (found := problem(int(code), text, command))]
    sys.exit("\n".join(problems) or (not cases and "there is nothing to refuse"))


main()
