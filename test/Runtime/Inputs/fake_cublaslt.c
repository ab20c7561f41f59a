/* cuBLASLt without a device, as libcublasLt.so.13: says what it is asked for, and computes on the host what is not
 * recorded. A stream is what fake_cuda.c makes of it. FAKE_CUBLASLT_FAILS names a function that fails. */
#include "GpuLibrary.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct LtMatrix_ {
  int type;
  uint64_t rows, columns;
  int64_t stride;
};
static int transposed, reductions, matrices;
static uint64_t workspace;
static uint32_t alignment[LT_MATRICES];

static int result(const char *function) {
  const char *fails = getenv("FAKE_CUBLASLT_FAILS");
  return fails && !strcmp(fails, function) ? LT_NOT_SUPPORTED : LT_GOOD;
}

size_t cublasLtGetVersion(void) { return 130004; }
const char *cublasLtGetStatusString(int status) { return status == LT_NOT_SUPPORTED ? "torn" : "good"; }
int cublasLtCreate(LtHandle *handle) { return *handle = (LtHandle)&matrices, puts("library starts"), result("cublasLtCreate"); }
int cublasLtDestroy(LtHandle) { return printf("library ends, %d matrices are left\n", matrices), 0; }
int cublasLtMatmulDescCreate(LtProduct *product, int sums, int scale) {
  *product = (LtProduct)&transposed;
  return sums == LT_SUMS_F32 && scale == LT_F32 ? result("cublasLtMatmulDescCreate") : 7;
}
int cublasLtMatmulDescSetAttribute(LtProduct, int which, const void *value, size_t size) {
  if (which != LT_TRANSPOSE_A || size != sizeof transposed)
    return 7;
  memcpy(&transposed, value, size);
  return 0;
}
int cublasLtMatmulDescDestroy(LtProduct) { return 0; }
int cublasLtMatrixLayoutCreate(LtMatrix *matrix, int type, uint64_t rows, uint64_t columns, int64_t stride) {
  *matrix = malloc(sizeof **matrix);
  **matrix = (struct LtMatrix_){type, rows, columns, stride};
  ++matrices;
  return result("cublasLtMatrixLayoutCreate");
}
int cublasLtMatrixLayoutDestroy(LtMatrix matrix) { return free(matrix), --matrices, 0; }
int cublasLtMatmulPreferenceCreate(LtPreference *preference) { return *preference = (LtPreference)&workspace, 0; }
int cublasLtMatmulPreferenceSetAttribute(LtPreference, int which, const void *value, size_t size) {
  void *place = which == LT_WORKSPACE    ? (void *)&workspace
                : which == LT_REDUCTIONS ? (void *)&reductions
                                         : (void *)&alignment[which - LT_ALIGNMENT_A];
  if (size != (which == LT_WORKSPACE ? sizeof workspace : sizeof *alignment))
    return 7;
  memcpy(place, value, size);
  return 0;
}
int cublasLtMatmulPreferenceDestroy(LtPreference) { return 0; }

static void print(const char *name, LtMatrix m) {
  printf(" %s %s %llu x %llu by %lld,", name, m->type == LT_BF16 ? "bf16" : "f32", (unsigned long long)m->rows,
         (unsigned long long)m->columns, (long long)m->stride);
}

int cublasLtMatmulAlgoGetHeuristic(LtHandle, LtProduct, LtMatrix a, LtMatrix b, LtMatrix c, LtMatrix d, LtPreference, int,
                                   LtAnswer *answer, int *answers) {
  printf("plan:");
  print("A", a);
  print("B", b);
  print("C", c);
  printf(" aligned to %u, %llu bytes of workspace, reductions %d%s\n", alignment[3], (unsigned long long)workspace,
         reductions, c == d ? "" : ", D is another");
  memset(answer, 0, sizeof *answer);
  answer->algorithm.word[0] = a->rows;
  *answers = !result("nothing is found");
  return result("cublasLtMatmulAlgoGetHeuristic");
}

static float wide(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float y;
  return memcpy(&y, &bits, sizeof y), y;
}
static uint16_t narrow(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* d = a^T b, of columns, and so much of d as is asked for, which is f32 then. */
int cublasLtMatmul(LtHandle, LtProduct, const void *one, const void *a, LtMatrix la, const void *b, LtMatrix lb,
                   const void *ofResult, const void *c, LtMatrix, void *d, LtMatrix ld, const LtAlgorithm *algorithm,
                   void *, size_t bytes, CUstream stream) {
  const bool records = *(const bool *)stream, asked = transposed == LT_TRANSPOSED && bytes == workspace && c == d &&
                     *(const float *)one == 1 && algorithm->word[0] == la->rows;
  printf("%s product of %llu x %llu x %llu%s\n", records ? "record" : "start", (unsigned long long)ld->columns,
         (unsigned long long)ld->rows, (unsigned long long)la->rows, asked ? "" : ", wrongly");
  if (records || result("cublasLtMatmul"))
    return result("cublasLtMatmul");
  for (uint64_t i = 0; i < ld->rows; ++i)
    for (uint64_t j = 0; j < ld->columns; ++j) {
      const float begin = *(const float *)ofResult;
      float sum = begin ? begin * ((float *)d)[i + j * (uint64_t)ld->stride] : 0;
      for (uint64_t k = 0; k < la->rows; ++k)
        sum += wide(((const uint16_t *)a)[k + i * (uint64_t)la->stride]) *
               wide(((const uint16_t *)b)[k + j * (uint64_t)lb->stride]);
      if (ld->type == LT_BF16)
        ((uint16_t *)d)[i + j * (uint64_t)ld->stride] = narrow(sum);
      else
        ((float *)d)[i + j * (uint64_t)ld->stride] = sum;
    }
  return 0;
}
