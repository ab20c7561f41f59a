// Kimi delta attention (fla/layers/kda.py): a matrix state that decays by a gate of its own for every key channel and
// is corrected at each key.
//   S = diag(exp(g)) S,   S = S + beta k (v - S^T k)^T,   o = S^T q / sqrt(width)
//   g = -exp(A) softplus(F2 F1 x + dt),   beta = sigmoid(W_b x), or twice that
#include "lib/Import/DeltaHeads.h"
#include "lib/Import/Keys.h"
#include <cmath>
using namespace mlir;
namespace strand {

void importKda(ModelBuilder &m, Value &logits) {
  Fla fla(m);
  Config &c = m.config;
  expectArchitecture(c, "KDAForCausalLM");
  DeltaHeads d(fla, {.heads = 16, .width = 128, .expandValues = 1});
  c.expect("safe_gate", false, "gates with a lower bound are not read");
  c.expect("lower_bound", nullptr, "gates with a lower bound are not read");

  logits = fla.build([&](FunctionBuilder &f, Value x, int64_t) {
    Activation activated = [](Scalar x) { return silu(x); };
    Value q = d.projectUnit(f, x, "q", activated), k = d.projectUnit(f, x, "k", activated);
    Value v = d.project(f, x, "v", activated);
    auto lowRank = [&](StringRef name, int64_t width, bool bias) {
      Value low = f.linear(x, ("attn." + name + ".0").str(), d.valueWidth);
      return f.linear(low, ("attn." + name + ".1").str(), width, bias);
    };
    std::vector<float> logs = f.elements("attn.A_log", {d.heads}), perChannel;
    for (float a : logs)
      perChannel.insert(perChannel.end(), d.keyWidth, -std::exp(double(a)));
    int64_t channels = d.heads * d.keyWidth;
    Value A = f.computed("attn.A", {channels}, std::move(perChannel)), dt = f.weight("attn.dt_bias", {channels});
    Value g = f.map("log_gate", "rd,d,d->rd", {lowRank("f_proj", channels, false), dt, A},
                    [](ArrayRef<Scalar> v) { return v[2] * softplus(v[0] + v[1]); });
    Value o = d.mix(f, q, k, v, d.beta(f, x), f.splitHeads(g, d.heads));
    return d.output(f, o, lowRank("g_proj", d.heads * d.valueWidth, true), [](Scalar x) { return sigmoid(x); });
  });
}
} // namespace strand
