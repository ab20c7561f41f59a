"""interrupted.py PROGRAM   ends a program that is generating by signals, and looks at what it leaves."""
import os
import signal
import subprocess
import sys

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    before = set(os.listdir("."))
    p = subprocess.Popen([sys.argv[1], "generate", "--prompt", "a", "--max-tokens", "1000000000", "--state-out", "out.state"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    p.stdout.read(1)  # its output has been opened by now
    during = set(os.listdir(".")) - before
    assert len(during) == 1 and next(iter(during)).startswith("out.state."), during
    p.send_signal(number)
    p.stdout.close()
    code = p.wait()
    assert code == -number, code
    assert set(os.listdir(".")) == before, set(os.listdir(".")) - before
    print(f"{number.name}: ended by it, nothing left")
