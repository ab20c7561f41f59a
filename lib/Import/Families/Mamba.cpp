// Mamba (transformers, models/mamba): a selective state space, whose decay depends on channel and state.
//   h[n, d] = exp(dt[d] A[n, d]) h[n, d] + dt[d] u[d] B[n],   y[d] = sum_n h[n, d] C[n] + D[d] u[d]
#include "lib/Import/Activations.h"
#include "lib/Import/Keys.h"
#include "lib/Import/ModelBuilder.h"
#include <cmath>
using namespace mlir;
namespace strand {

void importMamba(ModelBuilder &m, Value &logits) {
  Config &c = m.config;
  expectArchitecture(c, "MambaForCausalLM");
  int64_t hidden = c.getInt("hidden_size", 768, 1, mostWidth), states = c.getInt("state_size", 16, 1, mostWidth);
  int64_t layers = c.getInt("num_hidden_layers", 32, 1, mostLayers);
  int64_t vocabulary = c.getInt("vocab_size", 50280, 1, mostVocabulary);
  double eps = c.getFloat("layer_norm_epsilon", 1e-5, 0, 1);
  int64_t inner = scaledWidth(c, hidden, "expand", 2);
  if (std::optional<int64_t> given = c.optionalInt("intermediate_size", 1, mostWidth); given && *given != inner)
    c.fail("intermediate_size", "must be expand * hidden_size, which is " + Twine(inner));
  int64_t taps = c.getInt("conv_kernel", 4, 1, mostTaps);
  bool bias = c.getBool("use_bias", false), convBias = c.getBool("use_conv_bias", true);
  Activation act = readActivation(c, "hidden_act", "silu");
  int64_t rank = (hidden + 15) / 16;
  if (const JsonValue *given = c.getValue("time_step_rank"); given && given->kind == JsonKind::String)
    c.expect("time_step_rank", StringRef("auto"), "a word can only be 'auto'");
  else
    rank = c.getInt("time_step_rank", rank, 1, mostWidth);
  bool tied = c.getBool("tie_word_embeddings", true);
  c.ignore({"residual_in_fp32", "rescale_prenorm_residual", "time_step_floor", "time_step_init_scheme", "time_step_max",
            "time_step_min", "time_step_scale", "use_associative_scan", "use_mambapy"});
  ignoreBookkeeping(c);

  FunctionBuilder &f = m.forward();
  Value table = f.weight("backbone.embeddings.weight", {vocabulary, hidden});
  Value x = f.embed(m.tokens(), table);
  for (int64_t n = 0; n < layers && m.good(); ++n)
    x = m.layer(
        "mamba_layer", "layers." + Twine(n), "backbone.layers." + Twine(n) + ".", x, [&](FunctionBuilder &f, Value x) {
          Value in = f.linear(f.rmsNorm(x, f.weight("norm.weight", {hidden}), eps), "mixer.in_proj", 2 * inner, bias);
          Value u = f.columns(in, 0, inner), gate = f.columns(in, inner, inner);
          u = f.causalConv(u, "mixer.conv1d.weight", taps, convBias ? f.weight("mixer.conv1d.bias", {inner}) : Value());
          u = f.map("activated", "rd->rd", u, [&](ArrayRef<Scalar> v) { return act(v[0]); });
          Value parts = f.linear(u, "mixer.x_proj", rank + 2 * states);
          Value b = f.columns(parts, rank, states), readout = f.columns(parts, rank + states, states);
          Value dt = f.linear(f.columns(parts, 0, rank), "mixer.dt_proj", inner, /*bias=*/true);
          dt = f.map("softplus", "rd->rd", dt, [](ArrayRef<Scalar> v) { return softplus(v[0]); });
          std::vector<float> logs = f.elements("mixer.A_log", {inner, states}), a(logs.size());
          for (size_t i = 0; i < a.size(); ++i) // [d, n] -> [n, d]
            a[i % states * inner + i / states] = -std::exp(double(logs[i]));
          Value A = f.computed("mixer.A", {states, inner}, a);
          Value y = f.linearRecurrence("nd", "td,nd,td,td,tn,tn->td", {dt, A}, {dt, u, b}, readout, /*log=*/true);
          y = f.map("gated", "rd,rd,rd,d->rd", {y, u, gate, f.weight("mixer.D", {inner})},
                    [&](ArrayRef<Scalar> v) { return (v[0] + v[3] * v[1]) * act(v[2]); });
          return f.add(x, f.linear(y, "mixer.out_proj", hidden, bias));
        });
  x = f.rmsNorm(x, f.weight("backbone.norm_f.weight", {hidden}), eps);
  logits = f.head(x, table, tied, "backbone.embeddings.weight");
}
} // namespace strand
