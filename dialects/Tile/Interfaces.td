#ifndef TILE_INTERFACES_TD
#define TILE_INTERFACES_TD
include "mlir/IR/OpBase.td"

def Tile_MemoryOpInterface : OpInterface<"MemoryOpInterface"> {
  let cppNamespace = "::strand::tile";
  let description = [{
    An op that has a form for tiles in memory, beside that for tiles in registers which `lib/Codegen/Gpu` gives it.
  }];
  let methods = [InterfaceMethod<[{
      Code at `b` that does what the op does, on buffers. `eachThread(count, body)` makes a loop of the block's threads:
      `body` is what number `thread` of `count` does, between two barriers.
    }], "void", "emitInMemory", (ins "::mlir::OpBuilder &":$b, "::strand::tile::EachThread":$eachThread)>];
}
#endif
