#ifndef TILE_BOXES_TD
#define TILE_BOXES_TD
include "dialects/Tile/Dialect.td"
include "mlir/Dialect/LLVMIR/LLVMOpBase.td"

def Tile_BoxesOp : Tile_Op<"boxes"> {
  let summary = "a matrix in memory, as boxes that the copy engine takes";
  let description = [{
    A pointer to what cp.async.bulk.tensor has to know of a matrix (a tensor map): its elements are those of `matrix`, all of
    them in order, in rows of `columns`; a copy brings `box` = rows x columns of it to shared memory, as a panel with the
    swizzle of its rows' bytes, and zeros for what lies beyond. Stands in a kernel; its launch makes the map
    (`strand_rt_boxes` of `include/strand/abi.h`).

    C1: the matrix is row-major memory. C2: `columns` are those of its last dimensions together, and a multiple of 8, so
    that rows begin at multiples of 16 bytes. C3: a box has 1 to 256 rows and 16, 32 or 64 columns, no more than the
    matrix.

    ```mlir
    %map = tile.boxes %k {columns = 12288, box = array<i64: 64, 64>} : memref<?x96x128xbf16> -> !llvm.ptr
    ```
  }];
  let arguments = (ins Arg<MemRefOf<[BF16]>, "", [MemRead]>:$matrix, I64Attr:$columns, DenseI64ArrayAttr:$box);
  let results = (outs LLVM_AnyPointer:$map);
  let assemblyFormat = "$matrix attr-dict `:` type($matrix) `->` type($map)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// How many of the first dimensions of a buffer number rows of so many columns; none if some row is cut by one.
    static std::optional<unsigned> rowDims(::mlir::MemRefType matrix, int64_t columns);
  }];
}
#endif
