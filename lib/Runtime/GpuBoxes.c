// Maps of matrices for the copy engine of sm_90 (cp.async.bulk.tensor).
#include "GpuDriver.h"
#include <string.h>

// Numbers of the driver's interface.
enum { TYPE_BF16 = 9, NO_INTERLEAVE = 0, PROMOTE_128_BYTES = 2, FILL_ZEROS = 0 };

// Boxes in rows of 32, 64 or 128 bytes.
static int swizzleOf(int64_t bytes) { return bytes == 128 ? 3 : bytes == 64 ? 2 : 1; }

STRAND_VISIBLE void strand_rt_boxes(strand_rt_ctx *ctx, void *map, const void *matrix, int64_t rows, int64_t columns,
                                    int64_t boxRows, int64_t boxColumns) {
  enum { BYTES = 2 };
  Gpu *g = (Gpu *)ctx;
  TensorMap made = {{0}};
  const uint64_t sizes[] = {(uint64_t)columns, (uint64_t)rows}, strides[] = {(uint64_t)columns * BYTES};
  const uint32_t box[] = {(uint32_t)boxColumns, (uint32_t)boxRows}, steps[] = {1, 1};
  if (rows > 0 && !gpuFailed(g)) // without rows nothing is copied
    gpuGood(g,
            g->driver.cuTensorMapEncodeTiled(&made, TYPE_BF16, 2, (void *)matrix, sizes, strides, box, steps,
                                             NO_INTERLEAVE, swizzleOf(boxColumns * BYTES), PROMOTE_128_BYTES,
                                             FILL_ZEROS),
            "cannot describe a matrix to the GPU");
  memcpy(map, &made, sizeof made); // cells are aligned to less
}
