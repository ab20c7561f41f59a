// HGRN (fla/layers/hgrn.py): a gated diagonal recurrence whose forget gates are bounded from below, the more the deeper
// the layer.
//   h = f h + (1 - f) silu(i),   f = bound + (1 - bound) sigmoid(W_f x);   o = W_o (norm(h) silu(W_g x))
#include "lib/Import/Fla.h"
#include "lib/Import/Keys.h"
using namespace mlir;
namespace strand {

void importHgrn(ModelBuilder &m, Value &logits) {
  Fla fla(m);
  Config &c = m.config;
  expectArchitecture(c, "HGRNForCausalLM");
  int64_t width = scaledWidth(c, fla.hidden, "expand_ratio", 1);
  bool bounded = c.getBool("use_lower_bound", true), convolved = c.getBool("use_short_conv", false);
  int64_t taps = c.getInt("conv_size", 4, 1, mostTaps);
  if (bounded && width != fla.hidden && fla.layers > 1)
    c.fail("expand_ratio", "must be 1 with use_lower_bound, whose bounds are as wide as the model");
  std::vector<std::vector<float>> bounds;
  if (bounded)
    bounds = lowerBounds(m.forward(), fla.layers, fla.hidden);

  logits = fla.build([&](FunctionBuilder &f, Value x, int64_t n) {
    Value i = f.linear(x, "attn.i_proj", width), forget = f.linear(x, "attn.f_proj", width);
    Value g = f.linear(x, "attn.g_proj", width);
    if (convolved) {
      i = f.causalConv(i, "attn.i_conv1d.weight", taps, {});
      forget = f.causalConv(forget, "attn.f_conv1d.weight", taps, {});
    }
    bool hasBound = n > 0 && size_t(n) < bounds.size();
    Value bound = f.computed("attn.lower_bound", {width}, hasBound ? bounds[n] : std::vector<float>(width));
    SmallVector<Value> gates =
        f.formula("gates", "rd,rd,d->rd,rd", {i, forget, bound}, [](ArrayRef<Scalar> v) -> SmallVector<Scalar> {
          Scalar i = v[0], f = v[1], bound = v[2];
          return {bound + (1 - bound) * sigmoid(f), (1 - bound) * sigmoid(-f) * silu(i)};
        });
    Value h = f.linearRecurrence("d", "td,td->td", gates[0], gates[1], {}, /*log=*/false);
    h = f.rmsNorm(h, fla.normWeight(f, "attn.g_norm.weight", width), fla.eps);
    Value o = f.map("gated", "rd,rd->rd", {h, g}, [](ArrayRef<Scalar> v) { return v[0] * silu(v[1]); });
    return f.linear(o, "attn.o_proj", fla.hidden);
  });
}
} // namespace strand
