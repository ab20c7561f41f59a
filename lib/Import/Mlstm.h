// The mLSTM cell of the xLSTM families: a matrix state with exponential gates under a running maximum, and a
// normaliser.
//   m' = max(log f + m, log i),   F = exp(log f + m - m'),   I = exp(log i - m')
//   S = F S + I k v^T,   n = F n + I k,   y = S^T q / (max(|n q|, exp(-m')) + eps)
// All but the running maximum is found to be linear attention (strand-infer-structure).
#pragma once
#include "lib/Import/Step.h"
namespace strand {

/// q and k: rows x heads x keys; v: rows x heads x values; log f, log i: rows x heads. Answers rows x heads x values.
Value mlstm(FunctionBuilder &f, Value q, Value k, Value v, Value logForget, Value logInput, double eps);
} // namespace strand
