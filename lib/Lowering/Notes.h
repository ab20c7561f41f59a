// What passes decide about an op, for --report and --strict.
#pragma once
#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"
namespace strand {
using namespace mlir;
/// Adds to the attribute `strand.notes` of the function around `op` that it took `form`, with the other facts.
/// `fallback` says that there is a faster form which it could not take.
void noteForm(Operation *op, StringRef form, ArrayRef<NamedAttribute> facts = {}, bool fallback = false);
} // namespace strand
