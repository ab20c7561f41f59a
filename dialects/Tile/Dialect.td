#ifndef TILE_DIALECT_TD
#define TILE_DIALECT_TD
include "mlir/IR/OpBase.td"
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

def Tile_Factor : MemRefRankOf<[F32, BF16, F16], [2]>;
def Tile_Sums : MemRefRankOf<[F32], [2]>;
def Tile_Bytes : MemRefRankOf<[I8], [1]>;
#endif
