"""full.py COMMAND...   runs COMMAND with a full disk for standard output; ends with its exit code."""
import subprocess
import sys

with open("/dev/full", "wb") as full:
    sys.exit(subprocess.run(sys.argv[1:], stdout=full).returncode)
