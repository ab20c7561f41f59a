#include "lib/Import/Retention.h"
#include "lib/Import/Keys.h"
using namespace mlir;
using namespace strand;

Retention::Retention(Fla &fla, Defaults defaults, Activation featureMap, int64_t taps)
    : fla(fla), featureMap(featureMap), taps(taps) {
  Config &c = fla.model.config;
  heads = c.getInt("num_heads", defaults.heads, 1, fla.hidden);
  keyHeads = c.optionalInt("num_kv_heads", 1, heads).value_or(heads);
  if (heads % keyHeads) {
    c.fail("num_kv_heads", "must divide num_heads, which is " + Twine(heads));
    keyHeads = heads;
  }
  auto widthOf = [&](StringRef key, double byDefault) {
    int64_t width = scaledWidth(c, fla.hidden, key, byDefault, /*exact=*/true);
    if (width % heads == 0)
      return width;
    c.fail(key, "times hidden_size, which is " + Twine(width) + ", must divide by num_heads, which is " + Twine(heads));
    return heads;
  };
  keys = widthOf("expand_k", defaults.expandKeys);
  values = widthOf("expand_v", defaults.expandValues);
  gated = c.getBool("use_output_gate", true);
}

Retention::Heads Retention::project(FunctionBuilder &f, Value x) const {
  auto projected = [&](StringRef name, int64_t width) {
    Value y = f.linear(x, ("attn." + name + "_proj").str(), width);
    if (taps) {
      y = f.causalConv(y, ("attn." + name + "_conv1d.weight").str(), taps, {});
      y = f.map("silu", "rd->rd", y, [](ArrayRef<Scalar> v) { return silu(v[0]); });
    }
    return y;
  };
  auto mapped = [&](Value y) {
    return featureMap ? f.map("feature_map", "rd->rd", y, [&](ArrayRef<Scalar> v) { return featureMap(v[0]); }) : y;
  };
  Value q = mapped(projected("q", keys)), k = mapped(projected("k", keys / group())),
        v = projected("v", values / group());
  return {f.splitHeads(q, heads), f.repeatHeads(f.splitHeads(k, keyHeads), group()),
          f.repeatHeads(f.splitHeads(v, keyHeads), group())};
}

Value Retention::output(FunctionBuilder &f, Value x, Value o) const {
  // one fused module holds norm and gate, unless fusing is off or there is no gate
  StringRef norm = gated && fla.fuseNorm ? "attn.g_norm_swish_gate.weight" : "attn.g_norm.weight";
  o = f.rmsNorm(o, fla.affine ? f.weight(norm, {values / heads}) : Value(), fla.eps);
  o = f.joinHeads(o);
  if (gated) {
    Value g = f.linear(x, "attn.g_proj", values);
    o = f.map("gated", "rd,rd->rd", {o, g}, [](ArrayRef<Scalar> v) { return v[0] * silu(v[1]); });
  }
  return f.linear(o, "attn.o_proj", fla.hidden);
}
