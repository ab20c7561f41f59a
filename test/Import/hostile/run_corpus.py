#!/usr/bin/env python3
"""Runs a command on every damaged folder of make_corpus.py.

  run_corpus.py strand-checkpoint
  run_corpus.py strandc {folder} -o {out}

{folder} and {out} stand for the folder of the case and for a file that must not be there when the
command fails; without {folder} the folder comes last. A command without {out} does not compile, and
the cases that only a family's importer can judge are skipped. A case passes if the command

  ends with code 1 within --seconds, and is not ended by a signal,
  says on standard error what the table wants, in at most 64 KiB of printable text,
  never holds more than --megabytes of memory, and leaves no file.

--sanitized is for a command built with AddressSanitizer, which needs more of everything. --only TEXT
runs the cases whose names hold TEXT; --verbose shows every message.
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from make_corpus import CASES  # noqa: E402

NOBODY = 65534
ADDRESS_SPACE = 8 << 30
CRASH_WORDS = ("Sanitizer", "runtime error:", "Stack dump", "bug report", "Assertion", "LLVM ERROR", "terminate called")


class Outcome:
    def __init__(self, code, message, seconds, megabytes, timed_out):
        self.code, self.message, self.seconds = code, message, seconds
        self.megabytes, self.timed_out = megabytes, timed_out


def execute(command, limits, user):
    """Runs it with standard output thrown away and standard error in a file, so that neither can block it."""
    def restrict():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if not limits.sanitized:
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))

    with tempfile.TemporaryFile() as errors:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                                   preexec_fn=restrict, user=user)
        timed_out = False

        def stop(*_):
            nonlocal timed_out
            timed_out = True
            process.kill()

        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, limits.seconds)
        _, status, usage = os.wait4(process.pid, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        message = errors.read((64 << 10) + 1)
        return Outcome(process.returncode, message, time.monotonic() - begin, usage.ru_maxrss / 1024, timed_out)


def complaints(case, outcome, left, limits):
    """What is wrong with how the command took the case; nothing if it is right."""
    text = outcome.message.decode("utf-8", "replace")
    wanted = 0 if case.valid else 1
    if outcome.timed_out:
        yield f"it did not end within {limits.seconds} s"
    elif outcome.code != wanted:
        yield f"exit code is {outcome.code}, not {wanted}"
    if outcome.megabytes > limits.megabytes:
        yield f"it took {outcome.megabytes:.0f} MB of memory; the limit is {limits.megabytes}"
    if len(outcome.message) > 64 << 10:
        yield "the message is longer than 64 KiB"
    if any(not (c.isprintable() or c == "\n") for c in text):
        yield "the message holds characters that are not printable"
    for word in CRASH_WORDS:
        if word in text:
            yield f"the message tells of a crash: '{word}'"
    for fragment in case.says:
        if fragment not in text:
            yield f"the message does not say: {fragment}"
    if left and not case.valid:
        yield f"files are left: {', '.join(left)}"


def command_for(words, folder, out):
    values = {"{folder}": str(folder), "{out}": str(out)}
    command = [values.get(word, word) for word in words]
    return command if "{folder}" in words else command + [str(folder)]


def why_skipped(case, words, permissions_count):
    if case.family and "{out}" not in words:
        return "family"
    if case.folder and "{out}" in words:
        return "folder"
    if case.as_nobody and not permissions_count:
        return "root"
    return None


def run_case(case, words, root, limits):
    folder = case.make(root / "cases")
    out = root / "out" / case.name
    out.mkdir(parents=True)
    out.chmod(0o777)
    as_nobody = case.as_nobody and os.geteuid() == 0
    outcome = execute(command_for(words, folder, out / "model"), limits, NOBODY if as_nobody else None)
    left = [entry.name for entry in out.iterdir()]
    return outcome, list(complaints(case, outcome, left, limits))


def can_run_as_nobody(program, root):
    """Whether a user without rights may start the command and reach the folders of the cases."""
    try:
        return all(subprocess.run(command, user=NOBODY, capture_output=True).returncode == 0
                   for command in ([program, "--help"], ["test", "-x", str(root)]))
    except OSError:
        return False


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, help="limit of a case (20; sanitized 120)")
    parser.add_argument("--megabytes", type=float, help="limit of a case (512; sanitized 2048)")
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("tool", nargs=argparse.REMAINDER)
    limits = parser.parse_args()
    if not limits.tool:
        parser.error("a command is wanted")
    limits.seconds = limits.seconds or (120 if limits.sanitized else 20)
    limits.megabytes = limits.megabytes or (2048 if limits.sanitized else 512)
    return limits


def main():
    limits = parse_arguments()
    passed = failed = 0
    skipped = {"family": 0, "folder": 0, "root": 0}
    slowest = largest = 0
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        permissions_count = os.geteuid() != 0 or can_run_as_nobody(limits.tool[0], root)
        for case in (case for case in CASES if limits.only in case.name):
            if reason := why_skipped(case, limits.tool, permissions_count):
                skipped[reason] += 1
                continue
            outcome, wrong = run_case(case, limits.tool, root, limits)
            slowest, largest = max(slowest, outcome.seconds), max(largest, outcome.megabytes)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong or limits.verbose:
                print(f"{'FAIL' if wrong else 'ok'} {case.name}")
                for line in wrong:
                    print(f"  {line}")
                print("  | " + outcome.message[:2000].decode("utf-8", "replace").rstrip().replace("\n", "\n  | "))
    print(f"slowest {slowest:.2f} s, largest {largest:.0f} MB")
    print(f"{passed} passed, {failed} failed, {skipped['family']} skipped (family importer), "
          f"{skipped['folder']} skipped (folders only), {skipped['root']} skipped (needs a user other than root)")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
