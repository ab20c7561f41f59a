"""What --reproducible costs: time and state of a model's program with it, over those of the program without.

    python test/bench/reproducible.py FOLDER... [--lengths 128,2048] [--batches 1,8] [--threads 2] [--rounds 5]

Both programs of a folder run in turns; ratios are of the best times. Needs strandc on the PATH.
"""
import argparse
import json
import os
import subprocess
import tempfile


def answer(*command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def state_bytes(program):
    """Of a sequence, and of a sequence and row of caches."""
    info = answer(program, "info", "--json")
    return info["state_bytes_per_sequence"], info["cache_bytes_per_row"]


def best_times(program, options):
    cases = answer(program, "bench", "--json", "--threads", str(options.threads), "--seconds", "0.2",
                   "--lengths", options.lengths, "--batches", options.batches)["cases"]
    return {(c["kind"], c["length"], c["batch"]): c["seconds_min"] for c in cases}


def measure(folder, options):
    with tempfile.TemporaryDirectory() as where:
        programs = [os.path.join(where, name) for name in ("free", "pinned")]
        for program, more in zip(programs, ([], ["--reproducible"])):
            subprocess.run(["strandc", folder, "-o", program, *more], check=True)
        best = [{}, {}]
        for _ in range(options.rounds):
            for known, program in zip(best, programs):
                for case, seconds in best_times(program, options).items():
                    known[case] = min(seconds, known.get(case, seconds))
        (free, free_row), (pinned, pinned_row) = map(state_bytes, programs)
    name = os.path.basename(os.path.normpath(folder))
    for (kind, length, batch), seconds in best[0].items():
        ratio = best[1][kind, length, batch] / seconds
        print(f"{name:20} {kind:8} length {length:6} batch {batch:4}   time {ratio:5.2f}   ({seconds * 1e3:.2f} ms without)")
    print(f"{name:20} state {pinned} and {free} bytes a sequence, {pinned_row} and {free_row} a row of caches")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--lengths", default="128,2048")
    parser.add_argument("--batches", default="1,8")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for folder in options.folders:
        measure(folder, options)


if __name__ == "__main__":
    main()
