#pragma once
#include "mlir/IR/DialectRegistry.h"
namespace strand {
/// Teaches strand-reduce (and any tool with upstream's reduction-tree) to take ops out of a chain: an op gives way to its
/// first operands of its results' types.
void registerReductions(mlir::DialectRegistry &registry);
} // namespace strand
