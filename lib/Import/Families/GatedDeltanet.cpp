// Gated DeltaNet (fla/layers/gated_deltanet.py): a matrix state that decays by a scalar of its head and is corrected at
// each key.
//   S = exp(g) S,   S = S + beta k (v - S^T k)^T,   o = S^T q / sqrt(width)
//   g = -exp(A) softplus(W_a x + dt),   beta = sigmoid(W_b x), or twice that
#include "lib/Import/DeltaHeads.h"
#include "lib/Import/Keys.h"
#include <cmath>
using namespace mlir;
namespace strand {

void importGatedDeltanet(ModelBuilder &m, Value &logits) {
  Fla fla(m);
  Config &c = m.config;
  expectArchitecture(c, "GatedDeltaNetForCausalLM");
  DeltaHeads d(fla, {.heads = 6, .width = 256, .expandValues = 2});
  bool gated = c.getBool("use_gate", true);
  StringRef outputGate = c.getString("output_gate_activation", "swish", {"swish", "silu", "sigmoid"});
  Activation act =
      outputGate == "sigmoid" ? Activation([](Scalar x) { return sigmoid(x); }) : [](Scalar x) { return silu(x); };

  logits = fla.build([&](FunctionBuilder &f, Value x, int64_t) {
    Activation activated = [](Scalar x) { return silu(x); };
    Value q = d.projectUnit(f, x, "q", activated), k = d.projectUnit(f, x, "k", activated);
    Value v = d.project(f, x, "v", activated);
    std::vector<float> logs = f.elements("attn.A_log", {d.heads});
    for (float &a : logs)
      a = -std::exp(double(a));
    Value A = f.computed("attn.A", {d.heads}, std::move(logs)), dt = f.weight("attn.dt_bias", {d.heads});
    Value g = f.map("log_gate", "rh,h,h->rh", {f.linear(x, "attn.a_proj", d.heads), dt, A},
                    [](ArrayRef<Scalar> v) { return v[2] * softplus(v[0] + v[1]); });
    Value o = d.mix(f, q, k, v, d.beta(f, x), g);
    return d.output(f, o, gated ? f.linear(x, "attn.g_proj", d.heads * d.valueWidth) : Value(), act);
  });
}
} // namespace strand
