// A caller's tensors against what a model takes.
#pragma once
#include "lib/Api/Error.h"
#include "llvm/ADT/SmallVector.h"
namespace strand {

/// Rows of a call as a tensor shows them: [rows] or [sequences, rows of each].
using Leading = llvm::SmallVector<int64_t, 2>;

/// A tensor that fits.
struct Fitted {
  char *data;
  int64_t bytes;
  Leading leading; // empty for a parameter
};

/// `what`: "input 1 ('k')". Error: it is no tensor that `value` can be, with what it is and what is needed.
strand_error *fit(const strand_value &value, const strand_tensor *tensor, const llvm::Twine &what, Fitted &fitted);

int64_t elementBytes(strand_element e);
/// Of one row, or of the parameter.
int64_t itemBytes(const strand_value &value);
int64_t rowsOf(const Leading &leading);
} // namespace strand
