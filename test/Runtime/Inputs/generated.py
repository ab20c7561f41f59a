"""generated.py PROMPT TEXT IDS OBJECT   the three ways in which a continuation is printed say the same."""
import json
import sys

prompt, text = (open(p, "rb").read() for p in sys.argv[1:3])
ids = [int(word) for word in open(sys.argv[3]).read().split()]
found = json.load(open(sys.argv[4]))
assert bytes(ids) == text, (ids, text)
assert found["tokens"] == ids and found["generated_tokens"] == len(ids) and found["prompt_tokens"] == len(prompt), found
assert found["text"] == text.decode("utf-8", errors="replace") or "\ufffd" in found["text"], found
assert found["temperature"] == 0 and found["seed"] == 0 and found["decode_tokens_per_second"] > 0, found
print(f"{len(ids)} tokens: text, ids and JSON agree")
