/* Calls of five launches each, some of which do what earlier ones did. */
#include "launching.h"

static const char *const names[] = {"load", "step"};

/* The last of `count` launches has `argument`. */
static void call(strand_rt_ctx *ctx, int64_t count, int64_t argument) {
  printf("call %lld\n", (long long)argument);
  for (int64_t i = 0; i < count; ++i) {
    int64_t cell = i == count - 1 ? argument : i;
    strand_rt_launch(ctx, i % 2, 3, 32, 0, &cell, 1);
  }
  tellProblem(ctx);
}

int main(void) {
  strand_rt_ctx *ctx = openDevice(names);
  if (!ctx)
    return 1;
  for (int64_t i = 0; i < 3; ++i)
    call(ctx, 5, 77);
  call(ctx, 5, 78);
  call(ctx, 5, 77);
  call(ctx, 5, 78);
  for (int64_t i = 0; i < 2; ++i)
    call(ctx, 3, 5);
  for (int64_t i = 100; i < 108; ++i) /* more than are kept */
    call(ctx, 5, i);
  call(ctx, 5, 77);
  strand_rt_launch(ctx, 0, 0, 32, 0, NULL, 0); /* no blocks */
  int64_t cells[17] = {9}; /* one number and one map */
  strand_rt_boxes(ctx, cells + 1, (void *)8192, 300, 128, 64, 32);
  strand_rt_launch(ctx, 1, 3, 32, 0, cells, 17);
  strand_rt_boxes(ctx, cells + 1, (void *)8192, 0, 128, 64, 32); /* no rows */
  tellProblem(ctx);
  puts("end");
  strand_rt_gpu_destroy(ctx);
}
