"""code.py N COMMAND...   succeeds where COMMAND ends with code N."""
import subprocess
import sys

got = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
sys.exit(got != int(sys.argv[1]) and f"exit code {got}, not {sys.argv[1]}")
