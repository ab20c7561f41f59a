// RetNet (fla/layers/multiscale_retention.py): rotary, and a matrix state that decays by a constant of its head.
//   S = (1 - 2^(-5-h)) S + k v^T,   o = S^T q / sqrt(width)
#include "lib/Import/Keys.h"
#include "lib/Import/Retention.h"
#include <cmath>
using namespace mlir;
namespace strand {

void importRetnet(ModelBuilder &m, Value &logits) {
  constexpr double rotaryBase = 10000;
  Fla fla(m, /*hiddenRatio=*/2);
  Config &c = m.config;
  expectArchitecture(c, "RetNetForCausalLM");
  c.expect("use_short_conv", false, "the library's block does not hand it to the layer");
  c.ignore({"conv_size"});
  Retention r(fla, {1.0, 2.0, 8}, readOptionalActivation(c, "feature_map"), 0);
  if (r.keyWidth() % 2 || r.keyWidth() > 256)
    c.fail("expand_k", "gives key heads of " + Twine(r.keyWidth()) + "; rotary wants an even width up to 256");
  SmallVector<double> decay;
  for (int64_t h = 0; h < r.heads; ++h)
    decay.push_back(std::log1p(-std::exp2(-5.0 - h)));

  logits = fla.build([&](FunctionBuilder &f, Value x, int64_t) {
    Retention::Heads h = r.project(f, x);
    Value positions = f.positions();
    Value q = f.rotary(h.q, positions, rotaryBase), k = f.rotary(h.k, positions, rotaryBase);
    Value o = f.linearAttention(q, k, h.v, {.decay = decay, .scale = 1 / std::sqrt(double(r.keyWidth()))});
    return r.output(f, x, o);
  });
}
} // namespace strand
