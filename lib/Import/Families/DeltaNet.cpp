// DeltaNet (fla/layers/delta_net.py): a matrix state that is corrected at each key.
//   S = S + beta k (v - S^T k)^T,   o = S^T q / sqrt(width),   beta = sigmoid(W_b x), or twice that
#include "lib/Import/DeltaHeads.h"
#include "lib/Import/Keys.h"
using namespace mlir;
namespace strand {
namespace {
struct Widths {
  int64_t heads, keys, values; // of one head
};

Widths readWidths(Config &c, int64_t hidden) {
  int64_t heads = c.getInt("num_heads", 16, 1, hidden);
  auto widthOf = [&](StringRef key) {
    int64_t width = scaledWidth(c, hidden, key, 1.0, /*exact=*/true);
    if (width % heads)
      c.fail(key,
             "times hidden_size, which is " + Twine(width) + ", must divide by num_heads, which is " + Twine(heads));
    return width % heads ? 1 : width / heads;
  };
  int64_t keys = widthOf("expand_k");
  return {heads, keys, widthOf("expand_v")};
}

/// The function of q and k.
Activation readKeyActivation(Config &c) {
  StringRef name = c.getString("qk_activation", "silu", {"silu", "relu", "elu", "identity"});
  if (name == "silu")
    return [](Scalar x) { return silu(x); };
  if (name == "relu")
    return [](Scalar x) { return relu(x); };
  if (name == "elu") // and 1
    return [](Scalar x) { return select(x >= 0.0, x + 1.0, exp(minimum(x, 0.0))); };
  return nullptr;
}
} // namespace

void importDeltaNet(ModelBuilder &m, Value &logits) {
  Fla fla(m);
  Config &c = m.config;
  expectArchitecture(c, "DeltaNetForCausalLM");
  auto [heads, keyWidth, valueWidth] = readWidths(c, fla.hidden);
  DeltaHeads d(fla, heads, keyWidth, valueWidth);
  Activation act = readKeyActivation(c);
  c.expect("qk_norm", StringRef("l2"), "keys that are not of length 1 may enlarge the state at every row");
  c.expect("use_output_norm", true, "the library computes the norm whatever the key says");
  bool hasBeta = c.getBool("use_beta", true), gated = c.getBool("use_gate", false);
  if (!hasBeta && d.negative)
    c.fail("allow_neg_eigval", "needs use_beta");

  logits = fla.build([&](FunctionBuilder &f, Value x, int64_t) {
    Value q = d.projectUnit(f, x, "q", act), k = d.projectUnit(f, x, "k", act);
    Value v = d.project(f, x, "v", [](Scalar x) { return silu(x); });
    Value o = d.mix(f, q, k, v, hasBeta ? d.beta(f, x) : Value(), {});
    Value gate = gated ? f.linear(x, "attn.g_proj", heads * valueWidth) : Value();
    return d.output(f, o, gate, [](Scalar x) { return silu(x); });
  });
}
} // namespace strand
