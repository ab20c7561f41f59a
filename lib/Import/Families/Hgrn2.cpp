// HGRN2 (fla/layers/hgrn2.py): HGRN with a matrix state.
//   S = diag(f) S + (1 - f) i^T,   o = S^T silu(q) / sqrt(width),   f = bound + (1 - bound) sigmoid(W_f x)
#include "lib/Import/Fla.h"
#include "lib/Import/Keys.h"
#include <cmath>
using namespace mlir;
namespace strand {
namespace {
struct Sizes {
  int64_t heads, ratio;
};

/// expand_ratio is the width of a key head; where it is absent, num_heads gives it.
Sizes readSizes(Config &c, int64_t hidden) {
  std::optional<int64_t> heads = c.optionalInt("num_heads", 1, hidden),
                         ratio = c.optionalInt("expand_ratio", 1, hidden);
  if (!ratio)
    ratio = heads ? hidden / *heads : std::min<int64_t>(128, hidden);
  int64_t count = hidden / *ratio;
  if (heads && *heads != count)
    c.fail("num_heads", "contradicts hidden_size / expand_ratio, which is " + Twine(count));
  if (hidden % count)
    c.fail("expand_ratio", "gives " + Twine(count) + " heads, which do not divide hidden_size, " + Twine(hidden));
  return {hidden % count ? 1 : count, *ratio};
}
} // namespace

void importHgrn2(ModelBuilder &m, Value &logits) {
  constexpr double outputNormEps = 1e-5; // the library does not hand norm_eps to this norm
  Fla fla(m);
  Config &c = m.config;
  expectArchitecture(c, "HGRN2ForCausalLM");
  auto [heads, ratio] = readSizes(c, fla.hidden);
  int64_t width = heads * ratio;
  bool bounded = c.getBool("use_lower_bound", true), convolved = c.getBool("use_short_conv", false);
  int64_t taps = c.getInt("conv_size", 4, 1, mostTaps);
  if (bounded && width != fla.hidden && fla.layers > 1)
    c.fail("expand_ratio", "must divide hidden_size with use_lower_bound");
  std::vector<std::vector<float>> bounds;
  if (bounded)
    bounds = lowerBounds(m.forward(), fla.layers, fla.hidden);

  logits = fla.build([&](FunctionBuilder &f, Value x, int64_t n) {
    auto project = [&](StringRef name, int64_t width) {
      Value y = f.linear(x, ("attn." + name + "_proj").str(), width);
      return convolved ? f.causalConv(y, ("attn." + name + "_conv1d.weight").str(), taps, {}) : y;
    };
    Value q = project("q", width), forget = project("f", width), i = project("i", fla.hidden);
    q = f.map("silu", "rd->rd", q, [](ArrayRef<Scalar> v) { return silu(v[0]); });
    bool hasBound = n > 0 && size_t(n) < bounds.size();
    Value bound = f.computed("attn.lower_bound", {width}, hasBound ? bounds[n] : std::vector<float>(width));
    // with e = exp(-|x|) <= 1, log(bound + (1 - bound) sigmoid(x)) is
    //   log1p(bound e) - log1p(e) for x >= 0, and log(bound + e) - log1p(e) below
    SmallVector<Value> gates =
        f.formula("gates", "rd,d->rd,rd", {forget, bound}, [](ArrayRef<Scalar> v) -> SmallVector<Scalar> {
          Scalar x = v[0], bound = v[1], e = exp(-abs(x));
          Scalar top = select(x >= 0.0, log1p(bound * e), log(bound + e));
          return {top - log1p(e), (1 - bound) * sigmoid(-x)};
        });
    Value o = f.linearAttention(f.splitHeads(q, heads), f.splitHeads(gates[1], heads), f.splitHeads(i, heads),
                                {.gate = f.splitHeads(gates[0], heads), .scale = 1 / std::sqrt(double(ratio))});
    o = f.rmsNorm(f.joinHeads(o), fla.normWeight(f, "attn.g_norm.weight", fla.hidden), outputNormEps);
    return f.linear(o, "attn.o_proj", fla.hidden);
  });
}
} // namespace strand
