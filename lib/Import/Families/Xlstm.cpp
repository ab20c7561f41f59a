// xLSTM (transformers, models/xlstm): mLSTM blocks whose gates are capped, each followed by a gated feed-forward.
#include "lib/Import/Keys.h"
#include "lib/Import/Mlstm.h"
#include <cmath>
using namespace mlir;
namespace strand {
namespace {
Scalar capped(Scalar x, double cap) { return cap * tanh(x * (1 / cap)); }
} // namespace

void importXlstm(ModelBuilder &m, Value &logits) {
  Config &c = m.config;
  expectArchitecture(c, "xLSTMForCausalLM");
  int64_t hidden = c.getInt("hidden_size", 4096, 1, mostWidth),
          layers = c.getInt("num_hidden_layers", 32, 1, mostLayers);
  if (c.getInt("embedding_dim", hidden, 1, mostWidth) != hidden)
    c.fail("embedding_dim", "must be hidden_size, which is " + Twine(hidden));
  if (c.getInt("num_blocks", layers, 1, mostLayers) != layers)
    c.fail("num_blocks", "must be num_hidden_layers, which is " + Twine(layers));
  int64_t vocabulary = c.getInt("vocab_size", 50304, 1, mostVocabulary), heads = c.getInt("num_heads", 8, 1, hidden);
  int64_t keys = scaledWidth(c, hidden, "qk_dim_factor", 0.5), values = scaledWidth(c, hidden, "v_dim_factor", 1);
  if (keys % heads || values % heads) {
    c.fail("num_heads",
           "must divide the widths of keys and values, which are " + Twine(keys) + " and " + Twine(values));
    heads = 1;
  }
  int64_t unit = c.getInt("ffn_round_up_to_multiple_of", 64, 1, mostWidth);
  int64_t feed = llvm::divideCeil(scaledWidth(c, hidden, "ffn_proj_factor", 2.667), unit) * unit;
  double eps = c.getFloat("eps", 1e-6, 0, 1), normEps = c.getFloat("norm_eps", 1e-6, 0, 1);
  double gateCap = c.getFloat("gate_soft_cap", 15, 1e-6, 1e9),
         logitCap = c.getFloat("output_logit_soft_cap", 30, 1e-6, 1e9);
  bool tied = c.getBool("tie_word_embeddings", false);
  c.expect("use_bias", false, "biases of the projections are not read");
  c.expect("add_out_norm", true, "a model without its last norm is not read");
  c.expect("weight_mode", StringRef("single"), "fused weights are not read");
  c.ignore({"autocast_kernel_dtype", "chunk_size", "chunkwise_kernel", "inference_state_dtype",
            "max_inference_chunksize", "mode", "norm_reduction_force_float32", "return_last_states", "sequence_kernel",
            "step_kernel"});
  ignoreBookkeeping(c);

  FunctionBuilder &f = m.forward();
  Value table = f.weight("backbone.embeddings.weight", {vocabulary, hidden});
  Value x = f.embed(m.tokens(), table);
  for (int64_t n = 0; n < layers && m.good(); ++n)
    x = m.layer(
        "xlstm_layer", "layers." + Twine(n), "backbone.blocks." + Twine(n) + ".", x, [&](FunctionBuilder &f, Value x) {
          Value in = f.rmsNorm(x, f.weight("norm_mlstm.weight", {hidden}), normEps);
          auto project = [&](StringRef name, int64_t width) {
            return f.splitHeads(f.linear(in, ("mlstm_layer." + name).str(), width), heads);
          };
          auto gate = [&](StringRef name) {
            return f.linear(in, ("mlstm_layer." + name + "gate_preact").str(), heads, true);
          };
          double scale = 1 / std::sqrt(double(keys / heads));
          Value q = f.map("scaled", "rhd->rhd", project("q", keys), [&](ArrayRef<Scalar> v) { return v[0] * scale; });
          Value forget = f.map("forget", "rh->rh", gate("f"),
                               [&](ArrayRef<Scalar> v) { return logSigmoid(capped(v[0], gateCap)); });
          Value enter = f.map("enter", "rh->rh", gate("i"), [&](ArrayRef<Scalar> v) { return capped(v[0], gateCap); });
          Value y = mlstm(f, q, project("k", keys), project("v", values), forget, enter, eps);
          Value norm = f.computed("mlstm_layer.multihead_norm", {heads, values / heads},
                                  f.elements("mlstm_layer.multihead_norm.weight", {values}));
          y = f.joinHeads(f.layerNorm(y, norm, {}, normEps));
          Value open = f.linear(in, "mlstm_layer.ogate_preact", values);
          y = f.map("gated", "rd,rd->rd", {y, open}, [](ArrayRef<Scalar> v) { return v[0] * sigmoid(v[1]); });
          x = f.add(x, f.linear(y, "mlstm_layer.out_proj", hidden));
          in = f.rmsNorm(x, f.weight("norm_ffn.weight", {hidden}), normEps);
          y = f.map("feed", "rd,rd->rd", {f.linear(in, "ffn.proj_up_gate", feed), f.linear(in, "ffn.proj_up", feed)},
                    [](ArrayRef<Scalar> v) { return silu(v[0]) * v[1]; });
          return f.add(x, f.linear(y, "ffn.proj_down", hidden));
        });
  x = f.rmsNorm(x, f.weight("backbone.out_norm.weight", {hidden}), normEps);
  x = f.head(x, table, tied, "backbone.embeddings.weight");
  logits = f.map("capped", "rd->rd", x, [&](ArrayRef<Scalar> v) { return capped(v[0], logitCap); });
}
} // namespace strand
