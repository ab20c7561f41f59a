"""facts.py REPORT PROGRAM   what strandc reported and what the program says of itself."""
import json
import subprocess
import sys

with open(sys.argv[1]) as f:
    report = json.load(f)
info = json.loads(subprocess.run([sys.argv[2], "info", "--json"], check=True, stdout=subprocess.PIPE).stdout)
assert info["hash"] == report["hash"] and len(info["hash"]) == 64, (info["hash"], report["hash"])
assert info["weight_bytes"] == report["weight_bytes"] and info["runs_here"] and not info["cpu_features_missing"], info
forms = {op["form"] for op in info["report"]["ops"]}
assert forms and not any(op.get("fallback") for op in info["report"]["ops"]), info["report"]
print(f"the report of the compiler and of the program agree: hash, vocabulary {info['vocabulary']}, "
      f"{info['weight_bytes']} bytes of weights")
