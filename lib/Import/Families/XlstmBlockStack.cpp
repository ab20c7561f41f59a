// xLSTM block stack (the package xlstm): blocks with a matrix memory (mLSTM) and, at the places of slstm_at, with a
// scalar one (sLSTM), whose step multiplies what it carries by a matrix a head and is not affine:
//   m' = max(log sigmoid(f) + m, i),   F = exp(log sigmoid(f) + m - m'),   I = exp(i - m')
//   c = F c + I tanh(z),   n = F n + I,   h = sigmoid(o) c / n,   i, f, z, o = p + R h + b
// Weights of norms are stored less one. The package fills gate i with what its layer calls fgate, and f with igate.
#include "dialects/Strand/Rows.h"
#include "lib/Import/Keys.h"
#include "lib/Import/Mlstm.h"
#include <cmath>
using namespace mlir;
namespace strand {
namespace {

constexpr double normEps = 1e-5, cellEps = 1e-6;
constexpr int64_t unit = 64; // widths between projections are multiples of it

struct BlockStack {
  Config &c;
  int64_t hidden, layers, vocabulary, inner, feed;
  int64_t heads = 4, taps = 4, block = 4, scalarHeads = 4, scalarTaps = 4;
  SmallVector<int64_t> scalarAt;

  explicit BlockStack(Config &config);
  Value norm(FunctionBuilder &f, Value x, StringRef name) const;
  Value headNorm(FunctionBuilder &f, Value x, StringRef name) const;
  Value headwise(FunctionBuilder &f, Value x, StringRef name, int64_t blocks, Value bias = {}) const;
  Value convolved(FunctionBuilder &f, Value x, int64_t taps) const;
  Value matrix(FunctionBuilder &f, Value x) const;
  Value scalar(FunctionBuilder &f, Value x) const;
  Value feedForward(FunctionBuilder &f, Value x) const;
};

int64_t roundedUp(double width) { return int64_t(std::ceil(width / unit)) * unit; }

BlockStack::BlockStack(Config &config) : c(config) {
  expectArchitecture(c, "xLSTMLMModel");
  hidden = c.getInt("embedding_dim", Config::required, 1, mostWidth / 8);
  layers = c.getInt("num_blocks", Config::required, 1, mostLayers);
  vocabulary = c.getInt("vocab_size", Config::required, 1, mostVocabulary);
  scalarAt = c.getIntList("slstm_at", 0, layers - 1).value_or(SmallVector<int64_t>());
  double up = 2, wider = 1.3;
  if (Config *m = c.getObject("mlstm")) {
    taps = m->getInt("conv1d_kernel_size", taps, 1, mostTaps);
    heads = m->getInt("num_heads", heads, 1, mostWidth);
    block = m->getInt("qkv_proj_blocksize", block, 1, mostWidth);
    up = m->getFloat("proj_factor", up, 1e-3, 8);
  }
  if (Config *s = c.getObject("slstm")) {
    scalarTaps = s->getInt("conv1d_kernel_size", scalarTaps, 1, mostTaps);
    scalarHeads = s->getInt("num_heads", scalarHeads, 1, mostWidth);
    s->ignore({"backend"});
  }
  if (Config *feed = c.getObject("feedforward")) {
    wider = feed->getFloat("proj_factor", wider, 1e-3, 8);
    feed->expect("act_fn", StringRef("gelu"), "other functions are not read");
  }
  inner = roundedUp(up * hidden);
  feed = roundedUp(wider * hidden);
  auto mustDivide = [&](StringRef key, int64_t &part, int64_t width) {
    if (width % part) {
      c.fail(key, "num_heads and qkv_proj_blocksize must divide the width of the block, which is " + Twine(width) +
                      "; " + Twine(part) + " does not");
      part = 1;
    }
  };
  mustDivide("mlstm", heads, inner);
  mustDivide("mlstm", block, inner);
  mustDivide("slstm", scalarHeads, hidden);
  c.ignore({"context_length", "dropout"});
  ignoreBookkeeping(c);
}

/// A weight that is stored less one.
Value weightPlusOne(FunctionBuilder &f, StringRef name, int64_t width, ArrayRef<int64_t> shape) {
  std::vector<float> values = f.elements(name, {width});
  for (float &v : values)
    v += 1;
  return f.computed(name, shape, std::move(values));
}

Value BlockStack::norm(FunctionBuilder &f, Value x, StringRef name) const {
  return f.layerNorm(x, weightPlusOne(f, name, hidden, {hidden}), {}, normEps);
}

/// rows x heads x width -> rows x (heads * width), each head by itself.
Value BlockStack::headNorm(FunctionBuilder &f, Value x, StringRef name) const {
  int64_t heads = rowsType(x).getDimSize(1), width = rowsType(x).getDimSize(2);
  return f.joinHeads(f.layerNorm(x, weightPlusOne(f, name, heads * width, {heads, width}), {}, normEps));
}

/// The block-diagonal product with `name` [blocks, out, in], which is square.
Value BlockStack::headwise(FunctionBuilder &f, Value x, StringRef name, int64_t blocks, Value bias) const {
  int64_t width = rowsType(x).getDimSize(1) / blocks;
  std::vector<float> stored = f.elements(name, {blocks, width, width}), turned(stored.size());
  for (size_t at = 0; at < stored.size(); ++at) {
    size_t in = at % width, out = at / width % width, b = at / width / width;
    turned[(b * width + in) * width + out] = stored[at];
  }
  return f.blockLinear(x, f.computed(name, {blocks, width, width}, std::move(turned)), bias);
}

Value BlockStack::convolved(FunctionBuilder &f, Value x, int64_t taps) const {
  Value y = f.causalConv(x, "xlstm.conv1d.conv.weight", taps,
                         f.weight("xlstm.conv1d.conv.bias", {rowsType(x).getDimSize(1)}));
  return f.map("activated", "rd->rd", y, [](ArrayRef<Scalar> v) { return silu(v[0]); });
}

Value BlockStack::matrix(FunctionBuilder &f, Value x) const {
  Value both = f.linear(x, "xlstm.proj_up", 2 * inner);
  Value u = f.columns(both, 0, inner), z = f.columns(both, inner, inner), c = convolved(f, u, taps);
  int64_t blocks = inner / block;
  Value q = headwise(f, c, "xlstm.q_proj.weight", blocks), k = headwise(f, c, "xlstm.k_proj.weight", blocks),
        v = headwise(f, u, "xlstm.v_proj.weight", blocks);
  // a gate is a product with q, k and v side by side
  auto gate = [&](StringRef name, Scalar (*then)(Scalar)) {
    std::string full = ("xlstm.mlstm_cell." + name).str();
    std::vector<float> weight = f.elements(full + ".weight", {heads, 3 * inner});
    SmallVector<Value> sides{q, k, v}, sums;
    for (auto [i, x] : llvm::enumerate(sides)) {
      std::vector<float> part;
      for (int64_t h = 0; h < heads && !weight.empty(); ++h)
        part.insert(part.end(), weight.begin() + (3 * h + i) * inner, weight.begin() + (3 * h + i + 1) * inner);
      sums.push_back(f.linear(x, f.computed(full + "." + std::to_string(i), {heads, inner}, std::move(part))));
    }
    sums.push_back(f.weight(full + ".bias", {heads}));
    return f.map(name, "rh,rh,rh,h->rh", sums, [&](ArrayRef<Scalar> v) { return then(v[0] + v[1] + v[2] + v[3]); });
  };
  Value enter = gate("igate", [](Scalar x) { return x; }), forget = gate("fgate", logSigmoid);
  double scale = 1 / std::sqrt(double(inner / heads));
  Value scaled = f.map("scaled", "rd->rd", k, [&](ArrayRef<Scalar> v) { return v[0] * scale; });
  Value y =
      mlstm(f, f.splitHeads(q, heads), f.splitHeads(scaled, heads), f.splitHeads(v, heads), forget, enter, cellEps);
  y = headNorm(f, y, "xlstm.mlstm_cell.outnorm.weight");
  y = f.map("gated", "rd,d,rd,rd->rd", {y, f.weight("xlstm.learnable_skip", {inner}), c, z},
            [](ArrayRef<Scalar> v) { return (v[0] + v[1] * v[2]) * silu(v[3]); });
  return f.linear(y, "xlstm.proj_down", hidden);
}

Value BlockStack::scalar(FunctionBuilder &f, Value x) const {
  Value c = convolved(f, x, scalarTaps);
  int64_t width = hidden / scalarHeads;
  std::vector<float> biases = f.elements("xlstm.slstm_cell._bias_", {4 * hidden});
  SmallVector<Value> gates;
  constexpr StringLiteral names[] = {"f", "i", "z", "o"};
  for (auto [i, name] : llvm::enumerate(names)) {
    std::vector<float> bias;
    if (!biases.empty())
      bias.assign(biases.begin() + i * hidden, biases.begin() + (i + 1) * hidden);
    Value given = f.computed(("xlstm.slstm_cell.bias." + name).str(), {scalarHeads, width}, std::move(bias));
    gates.push_back(f.splitHeads(
        headwise(f, i < 2 ? c : x, ("xlstm." + name + "gate.weight").str(), scalarHeads, given), scalarHeads));
  }
  // [heads, gates * width, width], of which a step takes a product a gate
  std::vector<float> stored = f.elements("xlstm.slstm_cell._recurrent_kernel_", {scalarHeads, 4 * width, width});
  Value kernel = f.computed("xlstm.slstm_cell.kernel", {scalarHeads, 4, width, width}, std::move(stored));
  Carried zeros{{scalarHeads, width}}, least{{scalarHeads, width}, -1e30};
  Value y = scan(f, gates, kernel, {zeros, zeros, zeros, least},
                 [](StepBuilder &s, ValueRange x, ValueRange fixed, ValueRange before) {
                   Value q = s.product("hgoi,hi->gho", fixed[0], before[0]);
                   SmallVector<Value> in(x);
                   for (int64_t gate = 0; gate < 4; ++gate)
                     in.push_back(s.at(q, gate));
                   llvm::append_range(in, before.drop_front());
                   SmallVector<Value> next =
                       s.formula("hd,hd,hd,hd,hd,hd,hd,hd,hd,hd,hd->hd,hd,hd,hd", in,
                                 [](ArrayRef<Scalar> v) -> SmallVector<Scalar> {
                                   Scalar i = v[0] + v[4], f = v[1] + v[5], z = v[2] + v[6], o = v[3] + v[7],
                                          grown = logSigmoid(f) + v[10];
                                   Scalar m = maximum(grown, i), keep = exp(grown - m), enter = exp(i - m);
                                   Scalar c = keep * v[8] + enter * tanh(z), n = keep * v[9] + enter;
                                   return {sigmoid(o) * c / n, c, n, m};
                                 });
                   next.insert(next.begin(), next[0]);
                   return next;
                 });
  return headNorm(f, y, "xlstm.group_norm.weight");
}

Value BlockStack::feedForward(FunctionBuilder &f, Value x) const {
  Value both = f.linear(x, "ffn.proj_up", 2 * feed);
  Value y = f.map("feed", "rd,rd->rd", {f.columns(both, 0, feed), f.columns(both, feed, feed)},
                  [](ArrayRef<Scalar> v) { return gelu(v[0]) * v[1]; });
  return f.linear(y, "ffn.proj_down", hidden);
}
} // namespace

void importXlstmBlockStack(ModelBuilder &m, Value &logits) {
  BlockStack stack(m.config);
  FunctionBuilder &f = m.forward();
  Value x = f.embed(m.tokens(), f.weight("token_embedding.weight", {stack.vocabulary, stack.hidden}));
  for (int64_t n = 0; n < stack.layers && m.good(); ++n) {
    bool isScalar = llvm::is_contained(stack.scalarAt, n);
    x = m.layer(isScalar ? "slstm_layer" : "mlstm_layer", "layers." + Twine(n),
                "xlstm_block_stack.blocks." + Twine(n) + ".", x, [&](FunctionBuilder &f, Value x) {
                  Value in = stack.norm(f, x, "xlstm_norm.weight");
                  if (!isScalar)
                    return f.add(x, stack.matrix(f, in));
                  x = f.add(x, stack.scalar(f, in));
                  return f.add(x, stack.feedForward(f, stack.norm(f, x, "ffn_norm.weight")));
                });
  }
  logits = f.linear(stack.norm(f, x, "xlstm_block_stack.post_blocks_norm.weight"), "lm_head", stack.vocabulary);
}
} // namespace strand
