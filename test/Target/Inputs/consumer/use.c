#include "tiny.h"
#include <stdio.h>

int main(void) {
  strand_rt_ctx *threads = strand_rt_create(1);
  printf("%d thread, %ld bytes of weights\n", (int)strand_rt_threads(threads), (long)tiny_schema.weight_bytes);
  strand_rt_destroy(threads);
}
