#include "lib/Import/Fla.h"
#include "lib/Import/Keys.h"
#include <cmath>
using namespace mlir;
using namespace strand;

Fla::Fla(ModelBuilder &m, int64_t hiddenRatio) : model(m) {
  Config &c = m.config;
  hidden = c.getInt("hidden_size", 2048, 1, mostWidth);
  layers = c.getInt("num_hidden_layers", 24, 1, mostLayers);
  vocabulary = c.getInt("vocab_size", 32000, 1, mostVocabulary);
  eps = c.getFloat("norm_eps", 1e-6, 0, 1);
  tied = c.getBool("tie_word_embeddings", false);
  affine = c.getBool("elementwise_affine", true);
  fuseNorm = c.getBool("fuse_norm", true);
  // A null ratio reaches the MLP, whose own default is 4.
  double ratio = c.has("hidden_ratio") ? c.optionalFloat("hidden_ratio", 1e-3, 1e3).value_or(4) : hiddenRatio;
  int64_t twoThirds = int64_t(hidden * ratio * 2 / 3);
  intermediate = c.optionalInt("intermediate_size", 1, mostWidth).value_or((twoThirds + 255) / 256 * 256);
  c.expect("hidden_act", StringRef("swish"), "the library's MLP has no other");
  c.expect("attnres_block_size", nullptr, "residual connections over blocks are not read");
  c.ignore({"attn_mode", "fuse_swiglu", "fuse_cross_entropy", "fuse_linear_cross_entropy", "use_l2warp",
            "max_position_embeddings"});
  ignoreBookkeeping(c);
  readAttention();
}

/// The hybrid's layers that hold softmax attention in place of the mixer (fla/layers/attn.py).
void Fla::readAttention() {
  Config *attn = model.config.getObject("attn");
  if (!attn)
    return;
  hybrid.layers = attn->getIntList("layers", 0, layers - 1).value_or(SmallVector<int64_t>());
  hybrid.heads = attn->getInt("num_heads", Config::required, 1, hidden);
  hybrid.keyHeads = attn->optionalInt("num_kv_heads", 1, hybrid.heads).value_or(hybrid.heads);
  hybrid.bias = attn->getBool("qkv_bias", false);
  hybrid.window = attn->optionalInt("window_size", 1, mostWindow).value_or(0);
  hybrid.theta = attn->getFloat("rope_theta", 10000.0, 1, 1e12);
  if (hidden % hybrid.heads || hidden / hybrid.heads % 2)
    attn->fail("num_heads", "must divide hidden_size into heads of an even width, for rotary");
  if (hybrid.heads % hybrid.keyHeads)
    attn->fail("num_kv_heads", "must divide num_heads");
}

Value Fla::attention(FunctionBuilder &f, Value x) {
  int64_t width = hidden / hybrid.heads;
  auto project = [&](StringRef name, int64_t heads) {
    return f.splitHeads(f.linear(x, ("attn." + name + "_proj").str(), heads * width, hybrid.bias), heads);
  };
  Value q = project("q", hybrid.heads), k = project("k", hybrid.keyHeads), v = project("v", hybrid.keyHeads);
  Value positions = f.positions();
  q = f.rotary(q, positions, hybrid.theta);
  k = f.rotary(k, positions, hybrid.theta);
  Value y = f.attention(q, k, v, hybrid.window, 1 / std::sqrt(double(width)));
  return f.linear(f.joinHeads(y), "attn.o_proj", hidden);
}

Value Fla::mlp(FunctionBuilder &f, Value x) {
  Value gate = f.linear(x, "mlp.gate_proj", intermediate), up = f.linear(x, "mlp.up_proj", intermediate);
  Value y = f.map("swiglu", "rd,rd->rd", {gate, up}, [](ArrayRef<Scalar> v) { return silu(v[0]) * v[1]; });
  return f.linear(y, "mlp.down_proj", hidden);
}

Value Fla::build(Mixer mixer) {
  FunctionBuilder &f = model.forward();
  Value table = f.weight("model.embeddings.weight", {vocabulary, hidden});
  Value x = f.embed(model.tokens(), table);
  for (int64_t n = 0; n < layers && model.good(); ++n) {
    bool softmax = llvm::is_contained(hybrid.layers, n);
    std::string kind = softmax ? "attention_layer" : (model.family() + "_layer").str();
    x = model.layer(kind, "layers." + Twine(n), "model.layers." + Twine(n) + ".", x, [&](FunctionBuilder &f, Value x) {
      Value in = f.rmsNorm(x, f.weight("attn_norm.weight", {hidden}), eps);
      x = f.add(x, softmax ? attention(f, in) : mixer(f, in, n));
      return f.add(x, mlp(f, f.rmsNorm(x, f.weight("mlp_norm.weight", {hidden}), eps)));
    });
  }
  x = f.rmsNorm(x, f.weight("model.norm.weight", {hidden}), eps);
  return f.head(x, table, tied, "model.embeddings.weight");
}

std::vector<std::vector<float>> strand::lowerBounds(FunctionBuilder &f, int64_t layers, int64_t hidden) {
  std::vector<float> raw = f.elements("model.lower_bounds", {layers, hidden});
  std::vector<std::vector<float>> bounds;
  if (raw.empty())
    return bounds;
  bounds.assign(layers, std::vector<float>(hidden));
  for (int64_t d = 0; d < hidden; ++d) {
    double most = -INFINITY, total = 0, before = 0;
    for (int64_t n = 0; n < layers; ++n)
      most = std::max<double>(most, raw[n * hidden + d]);
    for (int64_t n = 0; n < layers; ++n)
      total += std::exp(raw[n * hidden + d] - most);
    for (int64_t n = 1; n < layers; ++n)
      bounds[n][d] = before += std::exp(raw[n * hidden + d] - most) / total;
  }
  return bounds;
}
