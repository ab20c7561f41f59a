#pragma once
#include "mlir/IR/BuiltinOps.h"
namespace strand {
using namespace mlir;
/// Makes every f32 of `module` an f64: types wherever they stand, attributes, constants. Narrower floats stay, so what
/// was extended from them is extended farther. Errors, at the op: it reads the bits of a float.
LogicalResult widenToF64(ModuleOp module);
} // namespace strand
