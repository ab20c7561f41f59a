// minGRU language model (minGRU-pytorch, minLM): gates that do not see h, so h is a diagonal recurrence.
//   h = (1 - z) h + z g(u),   z = sigmoid(gate),   g(u) = u + 1/2 from 0 on, sigmoid(u) below
#include "lib/Import/Activations.h"
#include "lib/Import/Keys.h"
#include "lib/Import/ModelBuilder.h"
#include <cfloat>
using namespace mlir;
namespace strand {

void importMinGru(ModelBuilder &m, Value &logits) {
  Config &c = m.config;
  expectArchitecture(c, "minLM");
  int64_t hidden = c.getInt("dim", Config::required, 1, mostWidth);
  int64_t layers = c.getInt("depth", Config::required, 1, mostLayers);
  int64_t vocabulary = c.getInt("num_tokens", Config::required, 1, mostVocabulary);
  int64_t width = scaledWidth(c, hidden, "expansion", 1.5), feed = scaledWidth(c, hidden, "ff_mult", 4);
  c.expect("enable_conv", false, "its convolutions are not read");
  c.expect("use_lstm", false, "minLSTM is not read");
  c.ignore({"conv_kernel_size", "ff_dropout"});
  ignoreBookkeeping(c);

  constexpr double eps = FLT_EPSILON; // what torch takes where a norm has none
  FunctionBuilder &f = m.forward();
  Value x = f.embed(m.tokens(), f.weight("token_emb.weight", {vocabulary, hidden}));
  for (int64_t n = 0; n < layers && m.good(); ++n)
    x = m.layer("min_gru_layer", "layers." + Twine(n), "layers." + Twine(n) + ".", x, [&](FunctionBuilder &f, Value x) {
      Value in = f.linear(f.rmsNorm(x, f.weight("1.weight", {hidden}), eps), "2.to_hidden_and_gate", 2 * width);
      SmallVector<Value> gates =
          f.formula("gates", "rd,rd->rd,rd", {f.columns(in, 0, width), f.columns(in, width, width)},
                    [](ArrayRef<Scalar> v) -> SmallVector<Scalar> {
                      Scalar u = v[0];
                      // the same on both sides of 0 without a branch: max(u, 0) + sigmoid(min(u, 0))
                      return {sigmoid(-v[1]), sigmoid(v[1]) * (maximum(u, 0.0) + sigmoid(minimum(u, 0.0)))};
                    });
      Value h = f.linearRecurrence("d", "td,td->td", gates[0], gates[1], {}, /*log=*/false);
      if (width != hidden || f.hasWeight("2.to_out.weight"))
        h = f.linear(h, "2.to_out", hidden);
      x = f.add(x, h);
      Value y = f.linear(f.rmsNorm(x, f.weight("3.weight", {hidden}), eps), "4.0", feed, true);
      y = f.map("activated", "rd->rd", y, [](ArrayRef<Scalar> v) { return gelu(v[0]); });
      return f.add(x, f.linear(y, "4.2", hidden, true));
    });
  x = f.rmsNorm(x, f.weight("norm.weight", {hidden}), eps);
  logits = f.linear(x, "to_logits", vocabulary);
}
} // namespace strand
