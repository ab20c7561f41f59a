// Products by NVIDIA's cuBLASLt. The library is opened when a ctx first has a product that is worth it, so programs are
// linked and start without; where there is none, or it refuses a product, own kernels do it. STRAND_CUBLASLT names its
// file, or is "off".
//
// cuBLASLt counts columns where we count rows: it computes result^T = matrix rows^T, in which all three lie in memory
// as they are. The first product of each size is sent at once, behind all that waits: if the library refuses it, it is
// still the caller's. Later ones wait with the launches of their call, and are recorded in its graph.
#define _GNU_SOURCE
#include "GpuLibrary.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char variable[] = "STRAND_CUBLASLT";

enum { DONE = 0, LEFT = 1, PLANS = 64, WORKSPACE = 32 << 20 }; // bytes: what NVIDIA advises for Hopper

// What a plan is for; launches hold it whole, as words.
typedef struct {
  int64_t m, n, k, rowStride, matrixStride, resultStride, type, adds, alignment;
} Size;
typedef struct {
  const void *rows, *matrix;
  void *result;
  Size size;
} Product;
enum { WORDS = sizeof(Product) / sizeof(int64_t) };

typedef struct {
  Size size;
  LtMatrix matrix, rows, result; // A, B and both C and D of the library
  LtAlgorithm algorithm;
  bool refused;
} Plan;

struct Library {
  bool isThere;
#define FUNCTION(type, name, arguments) type(*name) arguments;
  LIBRARY_FUNCTIONS(FUNCTION)
  LtHandle handle;
  LtProduct product;
  LtPreference preference;
  CUdeviceptr workspace;
  uint64_t workspaceBytes;
  Plan plan[PLANS]; // the oldest gives way
  int64_t plans, found;
  bool failed; // what it was to do, own kernels did
  char about[256];
};

static void __attribute__((format(printf, 2, 3))) say(Library *l, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(l->about, sizeof l->about, format, arguments);
  va_end(arguments);
}

// ---- opening ----

static bool findFunctions(Library *l, void *file) {
#define FIND(type, name, arguments)                                                                                    \
  if (!(l->name = (type(*) arguments)dlsym(file, #name))) {                                                            \
    say(l, "own kernels: the cuBLASLt that was found has no %s", #name);                                               \
    return false;                                                                                                      \
  }
  LIBRARY_FUNCTIONS(FIND)
  return true;
}

static bool makeHandle(Library *l) {
  const int32_t transposed = LT_TRANSPOSED;
  const uint32_t reductions = LT_IN_SUMS_TYPE;
  int status;
  if ((status = l->cublasLtCreate(&l->handle)) ||
      (status = l->cublasLtMatmulDescCreate(&l->product, LT_SUMS_F32, LT_F32)) ||
      (status = l->cublasLtMatmulDescSetAttribute(l->product, LT_TRANSPOSE_A, &transposed, sizeof transposed)) ||
      (status = l->cublasLtMatmulPreferenceCreate(&l->preference)) ||
      (status = l->cublasLtMatmulPreferenceSetAttribute(l->preference, LT_WORKSPACE, &l->workspaceBytes,
                                                        sizeof l->workspaceBytes)) ||
      (status = l->cublasLtMatmulPreferenceSetAttribute(l->preference, LT_REDUCTIONS, &reductions, sizeof reductions)))
    say(l, "own kernels: cuBLASLt does not start: %s", l->cublasLtGetStatusString(status));
  return !status;
}

static void dropHandle(Library *l) {
  if (l->preference)
    l->cublasLtMatmulPreferenceDestroy(l->preference);
  if (l->product)
    l->cublasLtMatmulDescDestroy(l->product);
  if (l->handle)
    l->cublasLtDestroy(l->handle);
  l->preference = NULL;
  l->product = NULL;
  l->handle = NULL;
}

// The file stays open in any case: it may have threads of its own.
static bool openFile(Library *l, const char *name) {
  void *file = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!file)
    return false;
  l->failed = !findFunctions(l, file) || !makeHandle(l);
  if (l->failed) {
    dropHandle(l);
    return false;
  }
  size_t version = l->cublasLtGetVersion();
  say(l, "cuBLASLt %zu.%zu.%zu", version / 10000, version / 100 % 100, version % 100);
  return true;
}

static void openAny(Library *l) {
  static const char *const names[] = {"libcublasLt.so.13", "libcublasLt.so.12"};
  const char *named = getenv(variable);
  if (named && !strcmp(named, "off")) {
    say(l, "own kernels: %s is off", variable);
  } else if (named) {
    l->isThere = openFile(l, named);
    if (!l->isThere && !l->failed)
      say(l, "own kernels: %s: %s", variable, dlerror());
    l->failed = !l->isThere;
  } else {
    l->isThere = openFile(l, names[0]) || openFile(l, names[1]);
    if (!l->isThere && !l->failed)
      say(l, "own kernels: no %s or %s could be opened", names[0], names[1]);
  }
}

static Library *libraryOf(Gpu *g) {
  if (g->library)
    return g->library;
  Library *l = g->library = calloc(1, sizeof *l);
  if (!l)
    return NULL;
  l->workspaceBytes = WORKSPACE;
  openAny(l);
  if (l->isThere && g->driver.cuMemAlloc_v2(&l->workspace, WORKSPACE)) {
    say(l, "own kernels: no memory for cuBLASLt");
    l->failed = true;
    l->isThere = false;
  }
  return l;
}

// ---- plans ----

// Products come in the same order in each call, so the search goes on behind what was found last.
static Plan *find(Library *l, const Size *size) {
  int64_t count = l->plans < PLANS ? l->plans : PLANS;
  for (int64_t i = 1; i <= count; ++i) {
    Plan *plan = &l->plan[(l->found + i) % count];
    if (!memcmp(&plan->size, size, sizeof *size)) {
      l->found = plan - l->plan;
      return plan;
    }
  }
  return NULL;
}

static void forgetPlan(Library *l, Plan *plan) {
  LtMatrix matrices[] = {plan->matrix, plan->rows, plan->result};
  for (int i = 0; i < 3; ++i)
    if (matrices[i])
      l->cublasLtMatrixLayoutDestroy(matrices[i]);
  memset(plan, 0, sizeof *plan);
}

static int fill(Library *l, Plan *plan) {
  const Size *s = &plan->size;
  const uint32_t alignment = (uint32_t)s->alignment;
  LtAnswer answer;
  int status, answers = 0, type = s->type == STRAND_BF16 ? LT_BF16 : LT_F32;
  uint64_t m = (uint64_t)s->m, n = (uint64_t)s->n, k = (uint64_t)s->k;
  for (int i = 0; i < LT_MATRICES; ++i)
    if ((status =
             l->cublasLtMatmulPreferenceSetAttribute(l->preference, LT_ALIGNMENT_A + i, &alignment, sizeof alignment)))
      return status;
  if ((status = l->cublasLtMatrixLayoutCreate(&plan->matrix, LT_BF16, k, n, s->matrixStride)) ||
      (status = l->cublasLtMatrixLayoutCreate(&plan->rows, LT_BF16, k, m, s->rowStride)) ||
      (status = l->cublasLtMatrixLayoutCreate(&plan->result, type, n, m, s->resultStride)) ||
      (status = l->cublasLtMatmulAlgoGetHeuristic(l->handle, l->product, plan->matrix, plan->rows, plan->result,
                                                  plan->result, l->preference, 1, &answer, &answers)))
    return status;
  plan->algorithm = answer.algorithm;
  return answers ? answer.status : LT_NOT_SUPPORTED;
}

static int multiply(Gpu *g, const Plan *plan, const Product *p) {
  const float one = 1, ofResult = p->size.adds ? 1 : 0;
  Library *l = g->library;
  return l->cublasLtMatmul(l->handle, l->product, &one, p->matrix, plan->matrix, p->rows, plan->rows, &ofResult,
                           p->result, plan->result, p->result, plan->result, &plan->algorithm,
                           (void *)(uintptr_t)l->workspace, l->workspaceBytes, g->stream);
}

// The first product of a size, now or by the caller.
static int64_t tryFirst(Gpu *g, const Product *p) {
  Library *l = g->library;
  gpuFlush(g); // also what was recorded for a plan that gives way
  if (gpuFailed(g))
    return LEFT;
  l->found = l->plans++ % PLANS;
  Plan *plan = &l->plan[l->found];
  forgetPlan(l, plan);
  plan->size = p->size;
  int status = fill(l, plan);
  if (!status)
    status = multiply(g, plan, p);
  if (!status)
    return DONE;
  plan->refused = true;
  if (!l->failed) {
    size_t length = strlen(l->about);
    snprintf(l->about + length, sizeof l->about - length, "; own kernels for %lld x %lld x %lld, which it refused: %s",
             (long long)p->size.m, (long long)p->size.n, (long long)p->size.k, l->cublasLtGetStatusString(status));
  }
  l->failed = true;
  return LEFT;
}

static int64_t alignmentOf(const Product *p) {
  enum { MOST = 256 };
  uintptr_t all = (uintptr_t)p->rows | (uintptr_t)p->matrix | (uintptr_t)p->result | MOST;
  return (int64_t)(all & -all);
}

STRAND_VISIBLE int64_t strand_rt_library_product(strand_rt_ctx *ctx, const void *rows, const void *matrix, void *result,
                                                 int64_t m, int64_t n, int64_t k, int64_t rowStride,
                                                 int64_t matrixStride, int64_t resultStride, int64_t type, int64_t adds,
                                                 int64_t from) {
  Gpu *g = (Gpu *)ctx;
  if (m < from || m <= 0 || gpuFailed(g))
    return LEFT;
  Library *l = libraryOf(g);
  if (!l || !l->isThere)
    return LEFT;
  Product p = {rows, matrix, result, {m, n, k, rowStride, matrixStride, resultStride, type, adds, 0}};
  p.size.alignment = alignmentOf(&p);
  Plan *plan = find(l, &p.size);
  if (!plan)
    return tryFirst(g, &p);
  if (plan->refused)
    return LEFT;
  int64_t words[WORDS];
  memcpy(words, &p, sizeof p);
  const int64_t head[HEAD] = {LIBRARY_PRODUCT, 0, 0, 0, WORDS};
  gpuQueue(g, head, words);
  return DONE;
}

void gpuLibraryProduct(Gpu *g, const int64_t *words) {
  Product p;
  memcpy(&p, words, sizeof p);
  Library *l = g->library;
  const Plan *plan = find(l, &p.size); // plans give way only where nothing waits
  int status = multiply(g, plan, &p);
  if (status)
    gpuNote(g, "a product of %lld x %lld x %lld by cuBLASLt: %s; %s=off leaves products to own kernels",
            (long long)p.size.m, (long long)p.size.n, (long long)p.size.k, l->cublasLtGetStatusString(status),
            variable);
}

void gpuCloseLibrary(Gpu *g) {
  Library *l = g->library;
  if (!l)
    return;
  for (Plan *plan = l->plan; plan < l->plan + PLANS; ++plan)
    forgetPlan(l, plan);
  dropHandle(l);
  if (l->workspace)
    g->driver.cuMemFree_v2(l->workspace);
  free(l);
  g->library = NULL;
}

STRAND_VISIBLE const char *strand_rt_gpu_products(const strand_rt_ctx *ctx, int32_t *problem) {
  const Library *l = ((const Gpu *)ctx)->library;
  if (problem)
    *problem = l && l->failed;
  return l ? l->about : "";
}
