"""Models that check_choice.py asks to choose: write_choice.py FOLDER writes FOLDER/choice-<vocabulary>.mlir.

A vocabulary smaller than the part that a block reads, one of whole parts, and large ones that are not.
"""
import os
import sys

VOCABULARIES = (256, 4096, 50257, 200019)

MODEL = """#row = affine_map<(r, d) -> (r, d)>
#perrow = affine_map<(r, d) -> (r)>
module {{
  func.func private @advance(%tokens: tensor<?xi32> {{strand.input = "tokens", strand.rows}},
      %offsets: tensor<?xi32> {{strand.input = "offsets"}}, %slots: tensor<?xi32> {{strand.input = "slots", strand.sequences}},
      %logits: tensor<?x{0}xf32> {{strand.input = "logits"}}) -> tensor<?x{0}xf32> {{
    %y = linalg.generic {{indexing_maps = [#perrow, #row], iterator_types = ["parallel", "parallel"]}}
        ins(%tokens : tensor<?xi32>) outs(%logits : tensor<?x{0}xf32>) {{
      ^bb0(%id: i32, %o: f32):
        %v = arith.sitofp %id : i32 to f32
        linalg.yield %v : f32
    }} -> tensor<?x{0}xf32>
    return %y : tensor<?x{0}xf32>
  }}
}}
"""

for vocabulary in VOCABULARIES:
    with open(os.path.join(sys.argv[1], f"choice-{vocabulary}.mlir"), "w") as f:
        f.write(MODEL.format(vocabulary))
