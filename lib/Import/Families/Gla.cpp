// GLA (fla/layers/gla.py): a matrix state that decays by a gate of its own for every key channel.
//   S = diag(exp(g)) S + k v^T,   o = S^T q / sqrt(width),   g = log sigmoid(W2 W1 x + b) / 16
#include "lib/Import/Keys.h"
#include "lib/Import/Retention.h"
#include <cmath>
using namespace mlir;
namespace strand {

void importGla(ModelBuilder &m, Value &logits) {
  // fixed by the layer's signature; the configuration cannot change them
  constexpr int64_t gateRank = 16;
  constexpr double gateNormaliser = 16;
  Fla fla(m);
  Config &c = m.config;
  expectArchitecture(c, "GLAForCausalLM");
  bool convolved = c.getBool("use_short_conv", false);
  int64_t taps = c.getInt("conv_size", 4, 1, mostTaps);
  Retention r(fla, {0.5, 1.0, 4}, readFlaActivation(c, "feature_map"), convolved ? taps : 0);
  std::optional<double> clamp = c.optionalFloat("clamp_min");
  c.expect("use_gk", true, "the library computes the key gate whatever the key says");
  c.expect("use_gv", false, "the library never computes a value gate");

  logits = fla.build([&](FunctionBuilder &f, Value x, int64_t) {
    Retention::Heads h = r.project(f, x);
    Value low = f.linear(x, "attn.gk_proj.0", gateRank);
    Value g = f.linear(low, "attn.gk_proj.1", r.keys / r.group(), /*bias=*/true);
    g = f.map("log_gate", "rd->rd", g, [&](ArrayRef<Scalar> v) {
      Scalar g = logSigmoid(v[0]) * (1 / gateNormaliser);
      return clamp ? maximum(g, *clamp) : g;
    });
    g = f.repeatHeads(f.splitHeads(g, r.keyHeads), r.group());
    Value o = f.linearAttention(h.q, h.k, h.v, {.gate = g, .scale = 1 / std::sqrt(double(r.keyWidth()))});
    return r.output(f, x, o);
  });
}
} // namespace strand
