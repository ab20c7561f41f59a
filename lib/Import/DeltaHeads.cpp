#include "lib/Import/DeltaHeads.h"
#include "lib/Import/Keys.h"
#include <cmath>
using namespace mlir;
using namespace strand;

DeltaHeads::DeltaHeads(Fla &fla, Defaults defaults) : fla(fla) {
  Config &c = fla.model.config;
  keyHeads = c.getInt("num_heads", defaults.heads, 1, mostWidth);
  heads = c.optionalInt("num_v_heads", 1, mostWidth).value_or(keyHeads);
  if (heads % keyHeads) {
    c.fail("num_v_heads", "must be a multiple of num_heads, which is " + Twine(keyHeads));
    heads = keyHeads;
  }
  keyWidth = c.getInt("head_dim", defaults.width, 1, mostWidth);
  valueWidth = scaledWidth(c, keyWidth, "expand_v", defaults.expandValues, /*exact=*/true);
  readCommon();
}

DeltaHeads::DeltaHeads(Fla &fla, int64_t heads, int64_t keyWidth, int64_t valueWidth)
    : fla(fla), keyHeads(heads), heads(heads), keyWidth(keyWidth), valueWidth(valueWidth) {
  readCommon();
}

void DeltaHeads::readCommon() {
  Config &c = fla.model.config;
  bool convolved = c.getBool("use_short_conv", true);
  taps = c.getInt("conv_size", 4, 1, mostTaps);
  taps = convolved ? taps : 0;
  negative = c.getBool("allow_neg_eigval", false);
  c.ignore({"conv_bias"}); // the library's blocks do not hand it to the layer
}

Value DeltaHeads::project(FunctionBuilder &f, Value x, StringRef name, Activation act) const {
  int64_t count = name == "v" ? heads : keyHeads, width = name == "v" ? valueWidth : keyWidth;
  Value y = f.linear(x, ("attn." + name + "_proj").str(), count * width);
  if (taps)
    y = f.causalConv(y, ("attn." + name + "_conv1d.weight").str(), taps, {});
  if (act)
    y = f.map("activated", "rd->rd", y, [&](ArrayRef<Scalar> v) { return act(v[0]); });
  return f.splitHeads(y, count);
}

Value DeltaHeads::projectUnit(FunctionBuilder &f, Value x, StringRef name, Activation act) const {
  constexpr double unitEps = 1e-6;
  return f.unitNorm(project(f, x, name, act), unitEps);
}

Value DeltaHeads::beta(FunctionBuilder &f, Value x) const {
  return f.map("beta", "rh->rh", f.linear(x, "attn.b_proj", heads), [&](ArrayRef<Scalar> v) {
    Scalar beta = sigmoid(v[0]);
    return negative ? beta * 2 : beta;
  });
}

Value DeltaHeads::mix(FunctionBuilder &f, Value q, Value k, Value v, Value beta, Value gate) const {
  return f.deltaRule(q, k, v, {.beta = beta, .gate = gate, .scale = 1 / std::sqrt(double(keyWidth))});
}

Value DeltaHeads::output(FunctionBuilder &f, Value o, Value gate, Activation act) const {
  o = f.rmsNorm(o, f.weight("attn.o_norm.weight", {valueWidth}), fla.eps);
  o = f.joinHeads(o);
  if (gate)
    o = f.map("gated", "rd,rd->rd", {o, gate}, [&](ArrayRef<Scalar> v) { return v[0] * act(v[1]); });
  return f.linear(o, "attn.o_proj", fla.hidden);
}
