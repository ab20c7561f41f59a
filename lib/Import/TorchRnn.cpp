#include "lib/Import/TorchRnn.h"
#include "lib/Import/Keys.h"
using namespace mlir;

mlir::Value strand::buildTorchRnn(ModelBuilder &m, StringRef cell, int64_t gates, int64_t carried, TorchCell step) {
  Config &c = m.config;
  expectArchitecture(c, "RecurrentLanguageModel");
  c.getString("cell", Config::required, {cell});
  int64_t embedding = c.getInt("embedding_size", Config::required, 1, mostWidth);
  int64_t width = c.getInt("hidden_size", Config::required, 1, mostWidth);
  int64_t layers = c.getInt("num_layers", 1, 1, mostLayers);
  int64_t vocabulary = c.getInt("vocab_size", Config::required, 1, mostVocabulary);
  bool biased = c.getBool("bias", true);
  c.expect("bidirectional", false, "a text that is still being written cannot be read from its end");
  c.expect("proj_size", int64_t(0), "projections are not read");
  c.ignore({"dropout", "batch_first"});
  ignoreBookkeeping(c);

  FunctionBuilder &f = m.forward();
  Value x = f.embed(m.tokens(), f.weight("embed.weight", {vocabulary, embedding}));
  for (int64_t n = 0; n < layers && m.good(); ++n)
    x = m.layer(m.family().str() + "_layer", "layers." + Twine(n), "rnn.", x, [&](FunctionBuilder &f, Value x) {
      int64_t from = n ? width : embedding, all = gates * width;
      auto weight = [&](StringRef name, ArrayRef<int64_t> shape) {
        return f.weight((name + "_l" + Twine(n)).str(), shape);
      };
      auto bias = [&](StringRef name) { return biased ? weight(name, {all}) : Value(); };
      Value p = f.linear(x, weight("weight_ih", {all, from}), bias("bias_ih"));
      SmallVector<Value> fixed{weight("weight_hh", {all, width})};
      if (biased)
        fixed.push_back(bias("bias_hh"));
      SmallVector<Carried> values(carried, Carried{{width}});
      return scan(f, p, fixed, values, [&](StepBuilder &s, ValueRange rows, ValueRange fixed, ValueRange carried) {
        Value q = s.product("nk,k->n", fixed[0], carried[0]);
        if (biased)
          q = s.map("n,n->n", {q, fixed[1]}, [](ArrayRef<Scalar> v) { return v[0] + v[1]; });
        SmallVector<Value> next = step(s, rows[0], q, carried);
        next.insert(next.begin(), next[0]);
        return next;
      });
    });
  return f.linear(x, "lm_head", vocabulary, f.hasWeight("lm_head.bias"));
}
