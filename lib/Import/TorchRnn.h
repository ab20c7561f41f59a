// A stack of torch.nn.LSTM or torch.nn.GRU between an embedding and a head:
//   p = W_ih x + b_ih,   q = W_hh h + b_hh,   h, ... = cell(p, q, ...) for each layer
#pragma once
#include "lib/Import/Step.h"
namespace strand {

/// One step from p and q, vectors of all gates, and the carried values, h first; answers the next ones.
using TorchCell = llvm::function_ref<SmallVector<Value>(StepBuilder &, Value p, Value q, ValueRange carried)>;

/// The whole @forward. `cell` is what the key of that name must say; `gates` and `carried` are how many there are.
Value buildTorchRnn(ModelBuilder &m, StringRef cell, int64_t gates, int64_t carried, TorchCell step);
} // namespace strand
