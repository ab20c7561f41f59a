// RWKV-7 (fla/layers/rwkv7.py, fla/models/rwkv7): time mixing and channel mixing, both on a mix of each row with the
// one before it, x + (before - x) * mu.
//   S = diag(exp(w)) S - (kappa * eta) (kappa^T S) + k v^T
//   w = -exp(-1/2) sigmoid(W(x)),   kappa = k * k_k / |k * k_k|,   eta = sigmoid(A(x)),   k = k (1 + (eta - 1) k_a)
//   o = norm(S^T r) + (r . (k * r_k)) v,   times a gate
// v is drawn to that of layer 0: v + (v0 - v) sigmoid(V(x)).
#include "lib/Import/Activations.h"
#include "lib/Import/Keys.h"
#include "lib/Import/ModelBuilder.h"
#include <cmath>
using namespace mlir;
namespace strand {
namespace {

struct Rwkv7 {
  ModelBuilder &m;
  int64_t hidden, layers, vocabulary, intermediate, heads, width;
  int64_t decayRank, gateRank, rateRank, valueRank;
  double eps;
  bool tied, normFirst, normBias;

  explicit Rwkv7(ModelBuilder &m);
  Value build();

private:
  int64_t rankOf(StringRef key, double factor, double power);
  Value norm(FunctionBuilder &f, Value x, StringRef name);
  Value timeMix(FunctionBuilder &f, Value x, Value &first, bool isFirst);
  Value channelMix(FunctionBuilder &f, Value x);
};

/// Of a low-rank projection: the key, or factor * hidden^power in steps of 32.
int64_t Rwkv7::rankOf(StringRef key, double factor, double power) {
  int64_t byDefault = std::max<int64_t>(32, int64_t(std::round(factor * std::pow(double(hidden), power) / 32)) * 32);
  return m.config.optionalInt(key, 1, mostWidth).value_or(byDefault);
}

Rwkv7::Rwkv7(ModelBuilder &m) : m(m) {
  Config &c = m.config;
  expectArchitecture(c, "RWKV7ForCausalLM");
  hidden = c.getInt("hidden_size", 2048, 1, mostWidth);
  layers = c.getInt("num_hidden_layers", 24, 1, mostLayers);
  vocabulary = c.getInt("vocab_size", 32000, 1, mostVocabulary);
  eps = c.getFloat("norm_eps", 1e-5, 0, 1);
  tied = c.getBool("tie_word_embeddings", false);
  normFirst = c.getBool("norm_first", true);
  normBias = c.getBool("norm_bias", true);
  width = c.optionalInt("head_dim", 1, hidden).value_or(64);
  heads = c.optionalInt("num_heads", 1, hidden).value_or(hidden / width);
  if (heads * width != hidden)
    c.fail("head_dim",
           "times num_heads, which is " + Twine(heads * width) + ", must be hidden_size, which is " + Twine(hidden));
  double ratio = c.optionalFloat("hidden_ratio", 1e-3, 1e3).value_or(4);
  intermediate = c.optionalInt("intermediate_size", 1, mostWidth).value_or((int64_t(hidden * ratio) + 31) / 32 * 32);
  decayRank = rankOf("decay_low_rank_dim", 1.8, 0.5);
  gateRank = rankOf("gate_low_rank_dim", 0.6, 0.8);
  rateRank = rankOf("a_low_rank_dim", 1.8, 0.5);
  valueRank = rankOf("v_low_rank_dim", 1.3, 0.5);
  if (auto values = c.getIntList("value_dim", 1, mostWidth))
    if (llvm::any_of(*values, [&](int64_t v) { return v != hidden; }))
      c.fail("value_dim", "must be hidden_size, " + Twine(hidden) + ", in every layer");
  c.expect("hidden_act", StringRef("sqrelu"), "the library's channel mixing has no other");
  c.expect("attn", nullptr, "layers of softmax attention are not read");
  c.ignore({"attn_mode", "fuse_norm", "fuse_swiglu", "fuse_cross_entropy", "fuse_linear_cross_entropy", "use_l2warp",
            "max_position_embeddings"});
  ignoreBookkeeping(c);
}

Value Rwkv7::norm(FunctionBuilder &f, Value x, StringRef name) {
  Value weight = f.weight((name + ".weight").str(), {hidden});
  return f.layerNorm(x, weight, normBias ? f.weight((name + ".bias").str(), {hidden}) : Value(), eps);
}

Value Rwkv7::timeMix(FunctionBuilder &f, Value x, Value &first, bool isFirst) {
  Value before = f.shift(x);
  auto mixed = [&](StringRef name) {
    std::string weight = ("attn.x_" + name).str();
    Value mu = f.computed(weight, {hidden}, f.elements(weight, {1, 1, hidden}));
    return f.map("mixed", "rd,rd,d->rd", {x, before, mu},
                 [](ArrayRef<Scalar> v) { return v[0] + (v[1] - v[0]) * v[2]; });
  };
  auto lowRank = [&](StringRef name, int64_t rank, Value in, Activation act, bool bias) {
    Value low = f.linear(in, ("attn." + name + "_lora.lora.0").str(), rank);
    if (act)
      low = f.map(name, "rd->rd", low, [&](ArrayRef<Scalar> v) { return act(v[0]); });
    return f.linear(low, ("attn." + name + "_lora.lora.2").str(), hidden, bias);
  };
  Value r = f.linear(mixed("r"), "attn.r_proj", hidden), k = f.linear(mixed("k"), "attn.k_proj", hidden);
  Value forValue = mixed("v"), v = f.linear(forValue, "attn.v_proj", hidden);
  Value w = lowRank(
      "w", decayRank, mixed("w"), [](Scalar x) { return tanh(x); }, true);
  w = f.map("log_gate", "rd->rd", w, [](ArrayRef<Scalar> v) { return sigmoid(v[0]) * -std::exp(-0.5); });
  if (isFirst) {
    first = v;
  } else {
    Value share = lowRank("v", valueRank, forValue, nullptr, true);
    v = f.map("drawn", "rd,rd,rd->rd", {v, first, share},
              [](ArrayRef<Scalar> v) { return v[0] + (v[1] - v[0]) * sigmoid(v[2]); });
  }
  Value rate = lowRank("a", rateRank, mixed("a"), nullptr, true);
  Value gate = lowRank(
      "g", gateRank, mixed("g"), [](Scalar x) { return sigmoid(x); }, false);

  Value scaled =
      f.map("scaled", "rd,d->rd", {k, f.weight("attn.k_k", {hidden})}, [](ArrayRef<Scalar> v) { return v[0] * v[1]; });
  constexpr double unitEps = 1e-24; // the library takes lengths below 1e-12 for that
  Value kappa = f.joinHeads(f.unitNorm(f.splitHeads(scaled, heads), unitEps));
  SmallVector<Value> writes =
      f.formula("writes", "rd,rd,rd,d->rd,rd,rd", {kappa, rate, k, f.weight("attn.k_a", {hidden})},
                [](ArrayRef<Scalar> v) -> SmallVector<Scalar> {
                  Scalar eta = sigmoid(v[1]);
                  return {-v[0], v[0] * eta, v[2] + v[2] * (eta - 1) * v[3]};
                });
  auto split = [&](Value x) { return f.splitHeads(x, heads); };
  Value o = f.deltaRule(split(r), split(writes[2]), split(v),
                        {.a = split(writes[0]), .b = split(writes[1]), .gate = split(w)});
  o = f.layerNorm(o, {}, {}, width * eps);
  Value own = f.map("own", "rhd,rhd,hd->rhd", {split(r), split(writes[2]), f.weight("attn.r_k", {heads, width})},
                    [](ArrayRef<Scalar> v) { return v[0] * v[1] * v[2]; });
  own = f.map("own_value", "rh,rhd->rhd", {f.sum(own), split(v)}, [](ArrayRef<Scalar> v) { return v[0] * v[1]; });
  o = f.map("read", "rd,d,d,rd,rd->rd",
            {f.joinHeads(o), f.weight("attn.g_norm.weight", {hidden}), f.weight("attn.g_norm.bias", {hidden}),
             f.joinHeads(own), gate},
            [](ArrayRef<Scalar> v) { return (v[0] * v[1] + v[2] + v[3]) * v[4]; });
  return f.linear(o, "attn.o_proj", hidden);
}

Value Rwkv7::channelMix(FunctionBuilder &f, Value x) {
  Value mixed = f.map("mixed", "rd,rd,d->rd", {x, f.shift(x), f.weight("ffn.x_k", {hidden})},
                      [](ArrayRef<Scalar> v) { return v[0] + (v[1] - v[0]) * v[2]; });
  Value y = f.map("sqrelu", "rd->rd", f.linear(mixed, "ffn.key", intermediate), [](ArrayRef<Scalar> v) {
    Scalar y = relu(v[0]);
    return y * y;
  });
  return f.linear(y, "ffn.value", hidden);
}

Value Rwkv7::build() {
  FunctionBuilder &f = m.forward();
  Value table = f.weight("model.embeddings.weight", {vocabulary, hidden});
  Value x = f.embed(m.tokens(), table), first;
  for (int64_t n = 0; n < layers && m.good(); ++n) {
    SmallVector<Value> in{x};
    if (n)
      in.push_back(first);
    SmallVector<Value> out =
        m.layer(n ? "rwkv7_layer" : "rwkv7_first_layer", "layers." + Twine(n), "model.layers." + Twine(n) + ".", in,
                [&](FunctionBuilder &f, ValueRange xs) -> SmallVector<Value> {
                  Value x = n == 0 && normFirst ? norm(f, xs[0], "pre_norm") : xs[0], first = n ? xs[1] : Value();
                  x = f.add(x, timeMix(f, norm(f, x, "attn_norm"), first, n == 0));
                  x = f.add(x, channelMix(f, norm(f, x, "ffn_norm")));
                  if (n)
                    return {x};
                  return {x, first};
                });
    x = out[0];
    if (n == 0)
      first = out[1];
  }
  return f.head(norm(f, x, "model.norm"), table, tied, "model.embeddings.weight");
}
} // namespace

void importRwkv7(ModelBuilder &m, Value &logits) { logits = Rwkv7(m).build(); }
} // namespace strand
