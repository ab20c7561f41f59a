/* Calls of products between launches: what a library does not take, a launch stands for. */
#include "launching.h"

static const char *const names[] = {"load", "own"};

enum { M = 3, N = 2, K = 4, ROW = 6, RESULT = 5, FROM = 2 };
/* 1, 2, 3, ... in bf16 */
static const uint16_t numbers[] = {0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0};
static _Alignas(64) uint16_t rows[M * ROW], matrix[N * K], rounded[M * RESULT];
static _Alignas(64) float result[M * RESULT];

static void launch(strand_rt_ctx *ctx, int64_t kernel, int64_t cell) { strand_rt_launch(ctx, kernel, 3, 32, 0, &cell, 1); }

static void product(strand_rt_ctx *ctx, int64_t m, int64_t type, int64_t adds) {
  if (strand_rt_library_product(ctx, rows, matrix, type == STRAND_F32 ? (void *)result : rounded, m, N, K, ROW, K, RESULT, type, adds, FROM))
    launch(ctx, 1, m);
}

static void call(strand_rt_ctx *ctx, int64_t m) {
  printf("call of %lld rows\n", (long long)m);
  launch(ctx, 0, 0);
  product(ctx, m, STRAND_F32, 0);
  product(ctx, m, STRAND_BF16, 0);
  launch(ctx, 0, 1);
  tellProblem(ctx);
}

int main(void) {
  strand_rt_ctx *ctx = openDevice(names);
  if (!ctx)
    return 1;
  for (int i = 0; i < M * ROW; ++i)
    rows[i] = numbers[i % 6];
  for (int i = 0; i < N * K; ++i)
    matrix[i] = numbers[i % 3];
  int32_t problem = 2;
  call(ctx, 1); /* fewer than FROM */
  printf("products: '%s', ", strand_rt_gpu_products(ctx, &problem));
  printf("%d\n", problem);
  for (int i = 0; i < 3; ++i)
    call(ctx, M);
  for (int i = 0; i < M; ++i)
    printf("%g %g %g | %04x %04x %04x\n", result[i * RESULT], result[i * RESULT + 1], result[i * RESULT + 2],
           rounded[i * RESULT], rounded[i * RESULT + 1], rounded[i * RESULT + 2]);
  product(ctx, M, STRAND_F32, 1);
  printf("%g %g %g\n", result[0], result[1], result[2]);
  for (int64_t m = 10; m < 80; ++m) /* more sizes than are kept, each of one number again and again */
    strand_rt_library_product(ctx, rows, matrix, result, m, 1, 1, 0, 0, 0, STRAND_F32, 0, FROM);
  call(ctx, M);
  printf("products: '%s', ", strand_rt_gpu_products(ctx, &problem));
  printf("%d\n", problem);
  strand_rt_gpu_destroy(ctx);
}
