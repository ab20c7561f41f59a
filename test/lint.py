"""What every test file must satisfy: CHECK lines are run through FileCheck, under a prefix that some RUN line names.

    lint.py FOLDER
"""
import pathlib
import re
import sys

DIRECTIVE = re.compile(r"^\s*(?://|#|;)?\s*([A-Z][A-Z0-9_-]*?)(?:-(?:NEXT|SAME|NOT|DAG|LABEL|COUNT-\d+|EMPTY))?(?:\{LITERAL\})?:(?=\s|$)")
WORDS = {"RUN", "DEFINE", "REDEFINE", "REQUIRES", "UNSUPPORTED", "XFAIL", "END", "ALLOW_RETRIES"}


def problems(path):
    lines = path.read_text().splitlines()
    runs = "\n".join(l for l in lines if re.search(r"(?:RUN|DEFINE):", l))
    if "RUN:" not in runs:
        yield "has no RUN line"
    prefixes = set()
    if re.search(r"FileCheck(?! .*--?check-prefix(?:es)?[= ])", runs):
        prefixes.add("CHECK")
    for names in re.findall(r"--?check-prefix(?:es)?[= ]([\w,%{}-]+)", runs):
        prefixes.update(names.split(","))
    if any("%{" in p for p in prefixes):  # a prefix that is itself a parameter: its values are defined
        prefixes.update(re.findall(r"DEFINE: %\{\w+\} = *([A-Z][\w-]*)", runs))
    used = {m.group(1) for l in lines if "RUN:" not in l and (m := DIRECTIVE.match(l))} - WORDS
    for prefix in sorted(used - prefixes):
        yield f"has lines with {prefix}: that no FileCheck reads"
    if "FileCheck" in runs and not used:
        yield "runs FileCheck and has nothing to check"


def main():
    count = bad = 0
    for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
        if path.suffix not in (".mlir", ".test") or "Inputs" in path.parts:
            continue
        count += 1
        for problem in problems(path):
            bad += 1
            print(f"{path}: {problem}")
    print(f"{count} test files, {bad} problems")
    sys.exit(bool(bad) or count == 0)


main()
