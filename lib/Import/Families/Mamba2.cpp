// Mamba-2 (transformers, models/mamba2): a matrix state that decays by a scalar of its head.
//   S = exp(dt A) S + B (dt u)^T,   y = S^T C + D u;   the gate multiplies before the norm, which spans all heads
#include "lib/Import/Activations.h"
#include "lib/Import/Keys.h"
#include "lib/Import/ModelBuilder.h"
#include <cmath>
using namespace mlir;
namespace strand {

void importMamba2(ModelBuilder &m, Value &logits) {
  Config &c = m.config;
  expectArchitecture(c, "Mamba2ForCausalLM");
  int64_t hidden = c.getInt("hidden_size", 4096, 1, mostWidth), states = c.getInt("state_size", 128, 1, mostWidth);
  int64_t layers = c.getInt("num_hidden_layers", 64, 1, mostLayers);
  int64_t vocabulary = c.getInt("vocab_size", 32768, 1, mostVocabulary);
  double eps = c.getFloat("layer_norm_epsilon", 1e-5, 0, 1);
  int64_t heads = c.getInt("num_heads", 128, 1, mostWidth), width = c.getInt("head_dim", 64, 1, mostWidth);
  int64_t groups = c.getInt("n_groups", 8, 1, mostWidth), inner = scaledWidth(c, hidden, "expand", 2);
  if (heads * width != inner) {
    c.fail("num_heads", "times head_dim, which is " + Twine(heads * width) +
                            ", must be expand * hidden_size, which is " + Twine(inner));
    heads = 1;
    width = inner;
  }
  if (heads % groups) {
    c.fail("n_groups", "must divide num_heads, which is " + Twine(heads));
    groups = 1;
  }
  int64_t taps = c.getInt("conv_kernel", 4, 1, mostTaps);
  bool bias = c.getBool("use_bias", false), convBias = c.getBool("use_conv_bias", true);
  Activation act = readActivation(c, "hidden_act", "silu");
  double least = 0, most = INFINITY;
  if (std::optional<SmallVector<double>> limit = c.getFloatList("time_step_limit", 0, INFINITY)) {
    if (limit->size() != 2 || (*limit)[0] > (*limit)[1])
      c.fail("time_step_limit", "must be two numbers, the lower first");
    else
      least = (*limit)[0], most = (*limit)[1];
  }
  bool tied = c.getBool("tie_word_embeddings", false);
  c.expect("rms_norm", true, "the library always builds the norm");
  c.ignore({"chunk_size", "residual_in_fp32", "rescale_prenorm_residual", "time_step_floor", "time_step_max",
            "time_step_min", "time_step_rank"});
  ignoreBookkeeping(c);

  int64_t shared = groups * states, convolved = inner + 2 * shared;
  FunctionBuilder &f = m.forward();
  Value table = f.weight("backbone.embeddings.weight", {vocabulary, hidden});
  Value x = f.embed(m.tokens(), table);
  for (int64_t n = 0; n < layers && m.good(); ++n)
    x = m.layer(
        "mamba2_layer", "layers." + Twine(n), "backbone.layers." + Twine(n) + ".", x, [&](FunctionBuilder &f, Value x) {
          Value in = f.rmsNorm(x, f.weight("norm.weight", {hidden}), eps);
          in = f.linear(in, "mixer.in_proj", inner + convolved + heads, bias);
          Value gate = f.columns(in, 0, inner), dt = f.columns(in, inner + convolved, heads);
          Value ubc = f.causalConv(f.columns(in, inner, convolved), "mixer.conv1d.weight", taps,
                                   convBias ? f.weight("mixer.conv1d.bias", {convolved}) : Value());
          ubc = f.map("activated", "rd->rd", ubc, [&](ArrayRef<Scalar> v) { return act(v[0]); });
          Value u = f.splitHeads(f.columns(ubc, 0, inner), heads);
          Value b = f.splitHeads(f.columns(ubc, inner, shared), groups);
          Value readout = f.splitHeads(f.columns(ubc, inner + shared, shared), groups);
          std::vector<float> logs = f.elements("mixer.A_log", {heads});
          for (float &a : logs)
            a = -std::exp(double(a));
          Value A = f.computed("mixer.A", {heads}, logs);
          SmallVector<Value> gates = f.formula("gates", "rh,h,h->rh,rh", {dt, f.weight("mixer.dt_bias", {heads}), A},
                                               [&](ArrayRef<Scalar> v) -> SmallVector<Scalar> {
                                                 Scalar dt = softplus(v[0] + v[1]);
                                                 if (least > 0)
                                                   dt = maximum(dt, least);
                                                 if (std::isfinite(most))
                                                   dt = minimum(dt, most);
                                                 return {dt, dt * v[2]};
                                               });
          Value v = f.map("stepped", "rh,rhd->rhd", {gates[0], u}, [](ArrayRef<Scalar> v) { return v[0] * v[1]; });
          Value y = f.linearAttention(readout, b, v, {.gate = gates[1]});
          y = f.map("gated", "rhd,rhd,rhd,h->rhd", {y, u, f.splitHeads(gate, heads), f.weight("mixer.D", {heads})},
                    [](ArrayRef<Scalar> v) { return (v[0] + v[3] * v[1]) * silu(v[2]); });
          y = f.rmsNorm(f.joinHeads(y), f.weight("mixer.norm.weight", {inner}), eps);
          return f.add(x, f.linear(y, "mixer.out_proj", hidden, bias));
        });
  x = f.rmsNorm(x, f.weight("backbone.norm_f.weight", {hidden}), eps);
  logits = f.head(x, table, tied, "backbone.embeddings.weight");
}
} // namespace strand
