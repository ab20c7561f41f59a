"""Python's threads in one model at once: the same results as one after another, and Python goes on while libstrand
works.

    threads.py FOLDER
"""
import sys
import threading

import numpy as np
import strand

sys.setswitchinterval(1e-4)
model = strand.load(sys.argv[1], context=strand.Context(threads=1))
ids = np.random.default_rng(0).integers(0, 256, (4, 300), dtype=np.int32)


def run(i, results):
    state = model.state()
    results[i] = np.concatenate([model(row, state=state) for row in np.split(ids[i], 10)])


alone, together = [None] * 4, [None] * 4
for i in range(4):
    run(i, alone)
threads = [threading.Thread(target=run, args=(i, together)) for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert all((a == b).all() for a, b in zip(alone, together)), "logits depend on other threads"

# One call that takes long: were the GIL held, this thread would count no further than one switch of threads.
count, started, long = 0, threading.Event(), np.tile(ids[0], 40)
worker = threading.Thread(target=lambda: (started.set(), model(long, last=True)))
worker.start()
started.wait()
while worker.is_alive():
    count += 1
assert count > 1000, count
print("threads right")
