// What is compiled: a module and where its weights come from.
#pragma once
#include "lib/Import/WeightSource.h"
#include "lib/Target/WeightFile.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
namespace strand {

struct Input {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  WeightSource weights;
  std::string weightsName; // for messages: the file or folder; empty: there are no weights
};

/// `path` is a checkpoint folder or a module as text or bytecode, whose weights are in the safetensors file `weights`
/// (empty: none). Errors: as the readers say.
llvm::Error readInput(mlir::MLIRContext &context, llvm::StringRef path, llvm::StringRef weights, Input &input);

/// Puts the tensors of a safetensors file into `input` as its weights.
llvm::Error readWeights(llvm::StringRef path, Input &input);

/// 64 hex digits that change whenever the program or a weight it uses changes, and with nothing else: SHA-256 over the
/// text of the module without locations and the name, type, shape and BLAKE3 digest of every weight (weights of some
/// GB are hashed at the speed of memory that way). Code whose bits are pinned is another program: a state that other
/// code has made would go on with other bits.
std::string modelHash(mlir::ModuleOp module, const WeightSource &weights, bool reproducible);

/// Where the weights of @advance go and come from. Errors: one for all weights that are missing or do not fit.
llvm::Expected<PlacedWeights> placeWeights(mlir::ModuleOp module, const Input &input);
/// Reports at each `strand.weight` whose tensor is missing or has another type or shape. False: at least one.
bool checkWeights(const Input &input);
} // namespace strand
