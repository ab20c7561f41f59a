// The frame of the language models of flash-linear-attention (fla/models/*/modeling_*.py, fla/modules/mlp.py):
//   x = embeddings[id];  for each layer  x += mixer(norm(x)),  x += down(silu(gate(norm(x))) * up(norm(x)));
//   logits = lm_head(norm(x))
#pragma once
#include "lib/Import/ModelBuilder.h"
namespace strand {

class Fla {
public:
  /// One layer's mixer on the normalised x: rows x hidden -> the same. Weights are below "attn.".
  using Mixer = llvm::function_ref<Value(FunctionBuilder &, Value x, int64_t layer)>;

  /// Reads the keys that all families share. `hiddenRatio`: of the family's own configuration class.
  Fla(ModelBuilder &model, int64_t hiddenRatio = 4);

  /// The whole @forward: rows x vocabulary.
  Value build(Mixer mixer);

  ModelBuilder &model;
  int64_t hidden, layers, vocabulary, intermediate;
  double eps;
  bool tied, affine, fuseNorm;

  /// A norm's weight, if norms have weights.
  Value normWeight(FunctionBuilder &f, StringRef name, int64_t width) {
    return affine ? f.weight(name, {width}) : Value();
  }

private:
  struct Attention {
    llvm::SmallVector<int64_t> layers;
    int64_t heads = 0, keyHeads = 0, window = 0; // window 0: none
    bool bias = false;
    double theta = 10000;
  };
  void readAttention();
  Value attention(FunctionBuilder &f, Value x);
  Value mlp(FunctionBuilder &f, Value x);

  Attention hybrid;
};

/// The lower bounds of HGRN and HGRN2: softmax over the layers of `model.lower_bounds` [layers, hidden], summed up,
/// less that of layer 0. One vector a layer; layer 0 has zeros.
std::vector<std::vector<float>> lowerBounds(FunctionBuilder &f, int64_t layers, int64_t hidden);
} // namespace strand
