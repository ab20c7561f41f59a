/* Regions of all sizes on pools of several threads: each item runs once, and sees what the caller wrote before. */
#include "Runtime.h"
#include <stdio.h>
#include <stdlib.h>

static void once(void *counts, int64_t item) { ((int *)counts)[item] += 1; }
static void twice(void *counts, int64_t item) { ((int *)counts)[item] += 2; }

int main(void) {
  for (int32_t threads = 1; threads <= 9; threads += 2) {
    strand_rt_ctx *ctx = strand_rt_create(threads);
    for (int region = 0; region < 2000; ++region) {
      int64_t n = region % 37;
      int expected = region % 3 ? 1 : 2, *counts = calloc(n + 1, sizeof *counts);
      strand_rt_parallel_for(ctx, n, expected == 1 ? once : twice, counts);
      for (int64_t i = 0; i <= n; ++i)
        if (counts[i] != (i < n ? expected : 0)) {
          printf("%d threads, region %d of %d items: item %d has %d\n", threads, region, (int)n, (int)i, counts[i]);
          return 1;
        }
      free(counts);
    }
    strand_rt_destroy(ctx);
  }
  puts("each item once");
}
