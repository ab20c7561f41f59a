#ifndef TILE_DIALECT_TD
#define TILE_DIALECT_TD
include "dialects/Tile/Interfaces.td"
include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::strand::tile";
  let summary = "what the threads of a block on a GPU do together";
  let description = [{
    Ops on buffers that all threads of a block come to, between barriers: inside a thread loop
    (`scf.forall` with a thread mapping) and, later, in the kernel that is made of it. What one thread does for itself, on
    single elements, is ordinary arith, memref and scf; ops stand here where threads have to act together.
  }];
}

class Tile_Op<string m, list<Trait> t = []> : Op<Tile_Dialect, m, t>;

/// An op that reads its inputs, on tensors or buffers, and writes all of its destinations.
class Tile_DestinationOp<string m, list<Trait> t = []> : Tile_Op<m, !listconcat(t, [
    DestinationStyleOpInterface, Tile_MemoryOpInterface, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface,
      ["bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues", "bufferize"]>])> {
  code baseDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getIntoMutable(); }
    void emitInMemory(::mlir::OpBuilder &b, ::strand::tile::EachThread eachThread);
  }];
  let extraClassDeclaration = baseDeclaration;
  let extraClassDefinition = [{
    void $cppClass::getEffects(
        ::llvm::SmallVectorImpl<::mlir::SideEffects::EffectInstance<::mlir::MemoryEffects::Effect>> &effects) {
      ::strand::tile::effectsOfBuffers(*this, effects);
    }
    bool $cppClass::bufferizesToMemoryRead(::mlir::OpOperand &operand,
                                           const ::mlir::bufferization::AnalysisState &) {
      return !isDpsInit(&operand);
    }
    bool $cppClass::bufferizesToMemoryWrite(::mlir::OpOperand &operand,
                                            const ::mlir::bufferization::AnalysisState &) {
      return isDpsInit(&operand);
    }
    ::mlir::bufferization::AliasingValueList $cppClass::getAliasingValues(
        ::mlir::OpOperand &operand, const ::mlir::bufferization::AnalysisState &) {
      if (!isDpsInit(&operand))
        return {};
      return {{getTiedOpResult(&operand), ::mlir::bufferization::BufferRelation::Equivalent}};
    }
    ::llvm::LogicalResult $cppClass::bufferize(::mlir::RewriterBase &rewriter,
                                               const ::mlir::bufferization::BufferizationOptions &options,
                                               ::mlir::bufferization::BufferizationState &state) {
      return ::strand::tile::bufferizeDestinations(*this, rewriter, options, state);
    }
  }];
}

def Tile_Bf16 : AnyTypeOf<[2DTensorOf<[BF16]>, MemRefRankOf<[BF16], [2]>]>;
def Tile_F32 : AnyTypeOf<[2DTensorOf<[F32]>, MemRefRankOf<[F32], [2]>]>;

def Tile_Factor : MemRefRankOf<[F32, BF16, F16], [2]>;
def Tile_Sums : MemRefRankOf<[F32], [2]>;
def Tile_Bytes : MemRefRankOf<[I8], [1]>;
#endif
