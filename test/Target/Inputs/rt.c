#include "strand/abi.h"
int32_t strand_rt_check(const strand_schema *schema, const void *state, const int32_t *slots, const int32_t *tokens,
                        const int32_t *offsets, int64_t sequences, int64_t rows) {
  return STRAND_OK;
}
void strand_rt_parallel_for(strand_rt_ctx *ctx, int64_t n, void (*fn)(void *args, int64_t i), void *args) {
  for (int64_t i = 0; i < n; ++i)
    fn(args, i);
}
