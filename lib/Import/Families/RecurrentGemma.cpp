// RecurrentGemma (transformers, models/recurrent_gemma): blocks with the RG-LRU, and blocks with local attention.
//   log a = -8 r softplus(p),   h = a h + sqrt(1 - a^2) i u,   r, i = sigmoid of block-diagonal products of u
//   The first row of a sequence enters unscaled.
#include "lib/Import/Activations.h"
#include "lib/Import/Keys.h"
#include "lib/Import/ModelBuilder.h"
#include <cmath>
using namespace mlir;
namespace strand {
namespace {

struct Gemma {
  Config &c;
  int64_t hidden, layers, vocabulary, intermediate, heads, keyHeads, headWidth, lru, window, taps;
  double eps, cap, theta = 10000;
  Activation act;
  bool attentionBias, tied;
  SmallVector<StringRef> blocks;

  explicit Gemma(Config &config);
  void readRope();
  Value norm(FunctionBuilder &f, Value x, StringRef name) const { // the weight is stored less one
    return f.rmsNorm(x, f.weight(name, {hidden}), eps, 1);
  }
  Value recurrent(FunctionBuilder &f, Value x) const;
  Value attention(FunctionBuilder &f, Value x) const;
  Value mlp(FunctionBuilder &f, Value x) const;
};

Gemma::Gemma(Config &config) : c(config) {
  expectArchitecture(c, "RecurrentGemmaForCausalLM");
  hidden = c.getInt("hidden_size", 2560, 1, mostWidth);
  layers = c.getInt("num_hidden_layers", 26, 1, mostLayers);
  vocabulary = c.getInt("vocab_size", 256000, 1, mostVocabulary);
  eps = c.getFloat("rms_norm_eps", 1e-6, 0, 1);
  intermediate = c.getInt("intermediate_size", 7680, 2, mostWidth) / 2;
  heads = c.getInt("num_attention_heads", 10, 1, hidden);
  keyHeads = c.optionalInt("num_key_value_heads", 1, heads).value_or(heads);
  lru = c.optionalInt("lru_width", 1, mostWidth).value_or(hidden);
  headWidth = c.optionalInt("head_dim", 1, mostWidth).value_or(hidden / heads);
  if (hidden != headWidth * heads)
    c.fail("head_dim", "times num_attention_heads must be hidden_size, which is " + Twine(hidden));
  if (heads % keyHeads)
    c.fail("num_key_value_heads", "must divide num_attention_heads, which is " + Twine(heads));
  if (lru % heads)
    c.fail("lru_width", "must divide by num_attention_heads, which is " + Twine(heads));
  window = c.getInt("attention_window_size", 2048, 1, mostWindow);
  taps = c.getInt("conv1d_width", 4, 1, mostTaps);
  cap = c.getFloat("logits_soft_cap", 30.0, 1e-6, 1e9);
  act = readActivation(c, "hidden_activation", "gelu_pytorch_tanh");
  attentionBias = c.getBool("attention_bias", false);
  tied = c.getBool("tie_word_embeddings", true);
  blocks = c.getStringList("block_types", {"recurrent", "attention"})
               .value_or(SmallVector<StringRef>{"recurrent", "recurrent", "attention"});
  if (blocks.empty()) {
    c.fail("block_types", "names no block");
    blocks = {"recurrent"};
  }
  readRope();
  c.ignore({"attention_dropout", "w_init_variance_scale", "final_w_init_variance_scale"});
  ignoreBookkeeping(c);
}

/// transformers 5 has the keys in `rope_parameters`, 4 beside the others.
void Gemma::readRope() {
  constexpr const char *half = "the library turns exactly half of a head";
  theta = c.getFloat("rope_theta", theta, 1, 1e12);
  c.expect("partial_rotary_factor", 0.5, half);
  if (Config *rope = c.getObject("rope_parameters")) {
    theta = rope->getFloat("rope_theta", theta, 1, 1e12);
    rope->expect("partial_rotary_factor", 0.5, half);
    rope->expect("rope_type", StringRef("default"), "other kinds scale the angles");
  }
  if (llvm::is_contained(blocks, "attention") && headWidth % 4)
    c.fail("head_dim", "half of it must be even, for rotary");
}

Value Gemma::recurrent(FunctionBuilder &f, Value x) const {
  auto activated = [&](ArrayRef<Scalar> v) { return act(v[0]); };
  Value y = f.map("activated", "rd->rd", f.linear(x, "temporal_block.linear_y", lru, true), activated);
  Value u = f.linear(x, "temporal_block.linear_x", lru, true);
  u = f.causalConv(u, "temporal_block.conv_1d.weight", taps, f.weight("temporal_block.conv_1d.bias", {lru}));
  auto gate = [&](StringRef name) {
    std::string full = ("temporal_block.rg_lru." + name).str();
    int64_t block = lru / heads;
    return f.blockLinear(u, f.weight(full + "_weight", {heads, block, block}),
                         f.weight(full + "_bias", {heads, block}));
  };
  std::vector<float> rates = f.elements("temporal_block.rg_lru.recurrent_param", {lru});
  for (float &p : rates)
    p = -8 * (std::max<double>(p, 0) + std::log1p(std::exp(-std::abs(double(p)))));
  Value rate = f.computed("temporal_block.rg_lru.rate", {lru}, rates);
  SmallVector<Value> gates = f.formula(
      "gates", "rd,rd,rd,d,r->rd,rd", {u, gate("input_gate"), gate("recurrent_gate"), rate, f.positions()},
      [](ArrayRef<Scalar> v) -> SmallVector<Scalar> {
        Scalar logA = sigmoid(v[2]) * v[3], scaled = sqrt(-expm1(2 * logA));
        Scalar amount = select(isZero(v[4]), scaled.constant(1), scaled);
        return {exp(logA), v[0] * sigmoid(v[1]) * amount};
      });
  Value h = f.linearRecurrence("d", "td,td->td", gates[0], gates[1], {}, /*log=*/false);
  h = f.map("product", "rd,rd->rd", {h, y}, [](ArrayRef<Scalar> v) { return v[0] * v[1]; });
  return f.linear(h, "temporal_block.linear_out", hidden, true);
}

Value Gemma::attention(FunctionBuilder &f, Value x) const {
  auto project = [&](StringRef name, int64_t heads) {
    return f.splitHeads(f.linear(x, ("temporal_block." + name + "_proj").str(), heads * headWidth, attentionBias),
                        heads);
  };
  Value q = project("q", heads), k = project("k", keyHeads), v = project("v", keyHeads), positions = f.positions();
  q = f.rotary(q, positions, theta, headWidth / 2);
  k = f.rotary(k, positions, theta, headWidth / 2);
  Value o = f.attention(q, k, v, window, 1 / std::sqrt(double(headWidth)));
  return f.linear(f.joinHeads(o), "temporal_block.o_proj", hidden, true);
}

Value Gemma::mlp(FunctionBuilder &f, Value x) const {
  Value gate = f.linear(x, "mlp_block.gate_proj", intermediate, true),
        up = f.linear(x, "mlp_block.up_proj", intermediate, true);
  Value y = f.map("gated", "rd,rd->rd", {gate, up}, [&](ArrayRef<Scalar> v) { return act(v[0]) * v[1]; });
  return f.linear(y, "mlp_block.down_proj", hidden, true);
}
} // namespace

void importRecurrentGemma(ModelBuilder &m, Value &logits) {
  Gemma g(m.config);
  FunctionBuilder &f = m.forward();
  Value table = f.weight("model.embed_tokens.weight", {g.vocabulary, g.hidden});
  // the library holds this factor in bfloat16, whatever type the model runs in
  APFloat factor(std::sqrt(double(g.hidden)));
  bool inexact;
  factor.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &inexact);
  Value x = f.embed(m.tokens(), table, factor.convertToDouble());
  for (int64_t n = 0; n < g.layers && m.good(); ++n) {
    StringRef block = g.blocks[n % g.blocks.size()];
    x = m.layer((block + "_layer").str(), "layers." + Twine(n), "model.layers." + Twine(n) + ".", x,
                [&](FunctionBuilder &f, Value x) {
                  Value in = g.norm(f, x, "temporal_pre_norm.weight");
                  x = f.add(x, block == "recurrent" ? g.recurrent(f, in) : g.attention(f, in));
                  return f.add(x, g.mlp(f, g.norm(f, x, "channel_pre_norm.weight")));
                });
  }
  Value y = f.head(g.norm(f, x, "model.final_norm.weight"), table, g.tied, "model.embed_tokens.weight");
  logits = f.map("capped", "rd->rd", y, [&](ArrayRef<Scalar> v) { return g.cap * tanh(v[0] * (1 / g.cap)); });
}
} // namespace strand
