// Models on an NVIDIA GPU, through the driver's own interface: libcuda.so.1 is opened when a GPU is asked for, so programs
// are linked and start without CUDA.
//
// One stream orders everything. Functions that compiled code calls return nothing; the first error of a ctx is kept, and
// from then on nothing is launched.
#define _GNU_SOURCE
#include "Runtime.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct Context_ *CUcontext;
typedef struct Module_ *CUmodule;
typedef struct Function_ *CUfunction;
typedef struct Stream_ *CUstream;
typedef struct Event_ *CUevent;

// Numbers of the driver's interface.
enum { ATTRIBUTE_MAJOR = 75, ATTRIBUTE_MINOR = 76, ATTRIBUTE_SHARED = 97, FUNCTION_DYNAMIC_SHARED = 8, LEAST_DRIVER = 12000 };

#define DRIVER_FUNCTIONS(F)                                                                                            \
  F(cuInit, (unsigned))                                                                                                \
  F(cuDriverGetVersion, (int *))                                                                                       \
  F(cuGetErrorString, (CUresult, const char **))                                                                       \
  F(cuDeviceGetCount, (int *))                                                                                         \
  F(cuDeviceGet, (CUdevice *, int))                                                                                    \
  F(cuDeviceGetName, (char *, int, CUdevice))                                                                          \
  F(cuDeviceGetAttribute, (int *, int, CUdevice))                                                                      \
  F(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice))                                                                 \
  F(cuDevicePrimaryCtxRelease_v2, (CUdevice))                                                                          \
  F(cuCtxSetCurrent, (CUcontext))                                                                                      \
  F(cuModuleLoadData, (CUmodule *, const void *))                                                                      \
  F(cuModuleUnload, (CUmodule))                                                                                        \
  F(cuModuleGetFunction, (CUfunction *, CUmodule, const char *))                                                       \
  F(cuFuncSetAttribute, (CUfunction, int, int))                                                                        \
  F(cuMemAlloc_v2, (CUdeviceptr *, size_t))                                                                            \
  F(cuMemFree_v2, (CUdeviceptr))                                                                                       \
  F(cuMemcpyHtoDAsync_v2, (CUdeviceptr, const void *, size_t, CUstream))                                               \
  F(cuMemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream))                                                     \
  F(cuMemcpyDtoDAsync_v2, (CUdeviceptr, CUdeviceptr, size_t, CUstream))                                                \
  F(cuStreamCreate, (CUstream *, unsigned))                                                                            \
  F(cuStreamDestroy_v2, (CUstream))                                                                                    \
  F(cuStreamSynchronize, (CUstream))                                                                                   \
  F(cuEventCreate, (CUevent *, unsigned))                                                                              \
  F(cuEventRecord, (CUevent, CUstream))                                                                                \
  F(cuEventSynchronize, (CUevent))                                                                                     \
  F(cuEventElapsedTime, (float *, CUevent, CUevent))                                                                   \
  F(cuEventDestroy_v2, (CUevent))                                                                                      \
  F(cuLaunchKernel, (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream,       \
                     void **, void **))

typedef struct {
  void *library;
#define MEMBER(name, arguments) CUresult(*name) arguments;
  DRIVER_FUNCTIONS(MEMBER)
} Driver;

typedef struct {
  CUfunction function;
  int64_t shared; // bytes of dynamic shared memory that it may have
} Kernel;

// A ctx of a model on a GPU; compiled code hands it on and does not look into it.
typedef struct {
  Driver driver;
  CUdevice device;
  CUcontext context;
  CUmodule module;
  CUstream stream;
  CUevent start, stop;
  const strand_device_code *code;
  Kernel *kernel;
  void *inputs;   // on the device: slots, tokens, offsets of a call
  char *staging;  // the same on the host
  int64_t inputBytes;
  int64_t sharedLimit;
  char name[256], problem[512];
} Gpu;

static Gpu *gpuOf(strand_rt_ctx *ctx) { return (Gpu *)ctx; }
static const Gpu *constGpuOf(const strand_rt_ctx *ctx) { return (const Gpu *)ctx; }
static CUdeviceptr address(const void *p) { return (CUdeviceptr)(uintptr_t)p; }

// ---- errors ----

static void __attribute__((format(printf, 2, 3))) note(Gpu *g, const char *format, ...) {
  if (g->problem[0])
    return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(g->problem, sizeof g->problem, format, arguments);
  va_end(arguments);
}

static bool good(Gpu *g, CUresult result, const char *doing) {
  if (!result)
    return true;
  const char *text = NULL;
  g->driver.cuGetErrorString(result, &text);
  note(g, "%s: %s (error %d of the driver)", doing, text ? text : "unknown error", result);
  return false;
}

static int32_t status(const Gpu *g) { return g->problem[0] ? STRAND_ERROR_DEVICE : STRAND_OK; }

STRAND_VISIBLE int32_t strand_rt_gpu_status(const strand_rt_ctx *ctx) { return status(constGpuOf(ctx)); }
STRAND_VISIBLE const char *strand_rt_gpu_problem(const strand_rt_ctx *ctx) { return constGpuOf(ctx)->problem; }
STRAND_VISIBLE const char *strand_rt_gpu_name(const strand_rt_ctx *ctx) { return constGpuOf(ctx)->name; }

// ---- opening ----

static bool openDriver(Gpu *g) {
  Driver *d = &g->driver;
  d->library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!d->library) {
    note(g, "there is no NVIDIA driver on this machine: %s", dlerror());
    return false;
  }
#define FIND(name, arguments)                                                                                          \
  if (!(d->name = (CUresult(*) arguments)dlsym(d->library, #name))) {                                                  \
    note(g, "the NVIDIA driver is too old: it has no %s", #name);                                                      \
    return false;                                                                                                      \
  }
  DRIVER_FUNCTIONS(FIND)
  return true;
}

static bool openDevice(Gpu *g) {
  Driver *d = &g->driver;
  int version = 0, count = 0, major = 0, minor = 0, shared = 0;
  if (!good(g, d->cuInit(0), "cannot start the NVIDIA driver") ||
      !good(g, d->cuDriverGetVersion(&version), "cannot ask the NVIDIA driver for its version"))
    return false;
  if (version < LEAST_DRIVER) {
    note(g, "the NVIDIA driver is too old: it is for CUDA %d.%d, and %d.%d is needed", version / 1000, version % 1000 / 10,
         LEAST_DRIVER / 1000, LEAST_DRIVER % 1000 / 10);
    return false;
  }
  if (!good(g, d->cuDeviceGetCount(&count), "cannot count the GPUs"))
    return false;
  if (!count) {
    note(g, "this machine has no GPU that the NVIDIA driver knows");
    return false;
  }
  char name[200];
  if (!good(g, d->cuDeviceGet(&g->device, 0), "cannot open the GPU") ||
      !good(g, d->cuDeviceGetName(name, sizeof name, g->device), "cannot ask for the GPU's name") ||
      !good(g, d->cuDeviceGetAttribute(&major, ATTRIBUTE_MAJOR, g->device), "cannot ask for the GPU's kind") ||
      !good(g, d->cuDeviceGetAttribute(&minor, ATTRIBUTE_MINOR, g->device), "cannot ask for the GPU's kind") ||
      !good(g, d->cuDeviceGetAttribute(&shared, ATTRIBUTE_SHARED, g->device), "cannot ask for the GPU's shared memory") ||
      !good(g, d->cuDevicePrimaryCtxRetain(&g->context, g->device), "cannot open the GPU") ||
      !good(g, d->cuCtxSetCurrent(g->context), "cannot use the GPU") ||
      !good(g, d->cuStreamCreate(&g->stream, 0), "cannot make a stream on the GPU") ||
      !good(g, d->cuEventCreate(&g->start, 0), "cannot make a clock on the GPU") ||
      !good(g, d->cuEventCreate(&g->stop, 0), "cannot make a clock on the GPU"))
    return false;
  g->sharedLimit = shared;
  snprintf(g->name, sizeof g->name, "%s (sm_%d%d)", name, major, minor);
  return true;
}

// The first image that the driver takes: it knows best which code runs where.
static bool loadModule(Gpu *g) {
  char chips[200] = "";
  CUresult last = 0;
  for (int64_t i = 0; i < g->code->images; ++i) {
    const strand_image *image = &g->code->image[i];
    if (!(last = g->driver.cuModuleLoadData(&g->module, image->data)))
      return true;
    size_t length = strlen(chips);
    snprintf(chips + length, sizeof chips - length, "%s%s", length ? ", " : "", image->chip);
  }
  const char *text = NULL;
  g->driver.cuGetErrorString(last, &text);
  note(g, "the program was compiled for %s and does not run on %s: %s; compile it with --gpu-arch for this GPU", chips, g->name,
       text ? text : "unknown error");
  return false;
}

static bool findKernels(Gpu *g) {
  g->kernel = calloc((size_t)g->code->kernels + 1, sizeof *g->kernel);
  if (!g->kernel) {
    note(g, "no memory for %lld kernels", (long long)g->code->kernels);
    return false;
  }
  for (int64_t i = 0; i < g->code->kernels; ++i)
    if (!good(g, g->driver.cuModuleGetFunction(&g->kernel[i].function, g->module, g->code->kernel[i]), g->code->kernel[i]))
      return false;
  return true;
}

STRAND_VISIBLE strand_rt_ctx *strand_rt_gpu_create(const strand_device_code *code, char *why, int64_t whySize) {
  Gpu *g = calloc(1, sizeof *g);
  if (!g) {
    snprintf(why, (size_t)whySize, "no memory");
    return NULL;
  }
  g->code = code;
  if (code->version != STRAND_ABI_VERSION)
    note(g, "the kernels have calling convention %lld and this library %d", (long long)code->version, STRAND_ABI_VERSION);
  if (!g->problem[0] && openDriver(g) && openDevice(g) && loadModule(g) && findKernels(g))
    return (strand_rt_ctx *)g;
  snprintf(why, (size_t)whySize, "%s", g->problem);
  strand_rt_gpu_destroy((strand_rt_ctx *)g);
  return NULL;
}

STRAND_VISIBLE void strand_rt_gpu_destroy(strand_rt_ctx *ctx) {
  Gpu *g = gpuOf(ctx);
  if (!g)
    return;
  Driver *d = &g->driver;
  if (g->stream)
    d->cuStreamSynchronize(g->stream);
  if (g->inputs)
    d->cuMemFree_v2(address(g->inputs));
  if (g->start)
    d->cuEventDestroy_v2(g->start);
  if (g->stop)
    d->cuEventDestroy_v2(g->stop);
  if (g->module)
    d->cuModuleUnload(g->module);
  if (g->stream)
    d->cuStreamDestroy_v2(g->stream);
  if (g->context)
    d->cuDevicePrimaryCtxRelease_v2(g->device);
  free(g->staging);
  free(g->kernel);
  free(g); // the library stays open: the driver has threads of its own
}

// ---- memory ----

STRAND_VISIBLE void *strand_rt_gpu_allocate(strand_rt_ctx *ctx, int64_t bytes) {
  CUdeviceptr p = 0;
  if (bytes < 0 || gpuOf(ctx)->driver.cuMemAlloc_v2(&p, (size_t)(bytes ? bytes : 1)))
    return NULL;
  return (void *)(uintptr_t)p;
}

STRAND_VISIBLE void strand_rt_gpu_free(strand_rt_ctx *ctx, void *memory) {
  if (memory)
    gpuOf(ctx)->driver.cuMemFree_v2(address(memory));
}

STRAND_VISIBLE int32_t strand_rt_gpu_write(strand_rt_ctx *ctx, void *to, const void *from, int64_t bytes) {
  Gpu *g = gpuOf(ctx);
  if (!status(g) && bytes)
    good(g, g->driver.cuMemcpyHtoDAsync_v2(address(to), from, (size_t)bytes, g->stream), "cannot copy to the GPU");
  return status(g);
}

STRAND_VISIBLE int32_t strand_rt_gpu_read(strand_rt_ctx *ctx, void *to, const void *from, int64_t bytes) {
  Gpu *g = gpuOf(ctx);
  if (!status(g) && bytes)
    good(g, g->driver.cuMemcpyDtoHAsync_v2(to, address(from), (size_t)bytes, g->stream), "cannot copy from the GPU");
  return strand_rt_gpu_wait(ctx);
}

STRAND_VISIBLE int32_t strand_rt_gpu_move(strand_rt_ctx *ctx, void *to, const void *from, int64_t bytes) {
  Gpu *g = gpuOf(ctx);
  if (!status(g) && bytes)
    good(g, g->driver.cuMemcpyDtoDAsync_v2(address(to), address(from), (size_t)bytes, g->stream), "cannot copy on the GPU");
  return status(g);
}

STRAND_VISIBLE int32_t strand_rt_gpu_wait(strand_rt_ctx *ctx) {
  Gpu *g = gpuOf(ctx);
  if (!status(g))
    good(g, g->driver.cuStreamSynchronize(g->stream), "the GPU failed");
  return status(g);
}

STRAND_VISIBLE int32_t strand_rt_gpu_clock_start(strand_rt_ctx *ctx) {
  Gpu *g = gpuOf(ctx);
  if (!status(g))
    good(g, g->driver.cuEventRecord(g->start, g->stream), "cannot start the GPU's clock");
  return status(g);
}

STRAND_VISIBLE double strand_rt_gpu_clock_stop(strand_rt_ctx *ctx) {
  Gpu *g = gpuOf(ctx);
  float milliseconds = 0;
  if (!status(g) && good(g, g->driver.cuEventRecord(g->stop, g->stream), "cannot stop the GPU's clock") &&
      good(g, g->driver.cuEventSynchronize(g->stop), "the GPU failed"))
    good(g, g->driver.cuEventElapsedTime(&milliseconds, g->start, g->stop), "cannot read the GPU's clock");
  return (double)milliseconds * 1e-3;
}

// ---- what compiled code calls ----

// More than the default of shared memory has to be asked for, once a kernel.
static bool allowShared(Gpu *g, Kernel *k, int64_t bytes, const char *name) {
  enum { DEFAULT_SHARED = 48 << 10 };
  if (bytes <= DEFAULT_SHARED || bytes <= k->shared)
    return true;
  if (bytes > g->sharedLimit) {
    note(g, "%s needs %lld bytes of shared memory; %s has %lld", name, (long long)bytes, g->name, (long long)g->sharedLimit);
    return false;
  }
  if (!good(g, g->driver.cuFuncSetAttribute(k->function, FUNCTION_DYNAMIC_SHARED, (int)bytes), name))
    return false;
  k->shared = bytes;
  return true;
}

STRAND_VISIBLE void strand_rt_launch(strand_rt_ctx *ctx, int64_t kernel, int64_t blocks, int64_t threads, int64_t shared,
                                     void *cells, int64_t count) {
  enum { MOST_ARGUMENTS = 512 }; // 4 KB of them is what a kernel can take
  Gpu *g = gpuOf(ctx);
  const char *name = g->code->kernel[kernel];
  void *arguments[MOST_ARGUMENTS];
  if (status(g) || blocks <= 0)
    return;
  if (blocks > INT32_MAX || count > MOST_ARGUMENTS) {
    note(g, "%s: %lld blocks with %lld arguments are too many; the limits are %d and %d", name, (long long)blocks,
         (long long)count, INT32_MAX, MOST_ARGUMENTS);
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    arguments[i] = (char *)cells + 8 * i;
  if (allowShared(g, &g->kernel[kernel], shared, name))
    good(g,
         g->driver.cuLaunchKernel(g->kernel[kernel].function, (unsigned)blocks, 1, 1, (unsigned)threads, 1, 1,
                                  (unsigned)shared, g->stream, arguments, NULL),
         name);
}

static bool reserveInputs(Gpu *g, int64_t bytes) {
  if (bytes <= g->inputBytes)
    return true;
  strand_rt_gpu_free((strand_rt_ctx *)g, g->inputs); // waits for what still reads it
  free(g->staging);
  g->inputBytes = 0;
  g->inputs = strand_rt_gpu_allocate((strand_rt_ctx *)g, 2 * bytes);
  g->staging = malloc((size_t)(2 * bytes));
  if (!g->inputs || !g->staging) {
    note(g, "no memory for the tokens of a call: %lld bytes", (long long)(2 * bytes));
    return false;
  }
  g->inputBytes = 2 * bytes;
  return true;
}

// One copy for all three. The driver reads memory that is not pinned before it returns, so `staging` may be used again.
STRAND_VISIBLE void strand_rt_gpu_inputs(strand_rt_ctx *ctx, const int32_t *slots, const int32_t *tokens,
                                         const int32_t *offsets, int64_t sequences, int64_t rows, void **placed) {
  enum { PIECES = 3, ALIGNMENT = 256 };
  Gpu *g = gpuOf(ctx);
  const int32_t *from[PIECES] = {slots, tokens, offsets};
  const int64_t items[PIECES] = {sequences, rows, sequences + 1};
  int64_t at[PIECES], total = 0;
  for (int i = 0; i < PIECES; ++i) {
    at[i] = total;
    total += (items[i] * (int64_t)sizeof(int32_t) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
  if (!reserveInputs(g, total))
    return;
  for (int i = 0; i < PIECES; ++i) {
    if (items[i])
      memcpy(g->staging + at[i], from[i], (size_t)items[i] * sizeof(int32_t));
    placed[i] = (char *)g->inputs + at[i];
  }
  strand_rt_gpu_write(ctx, g->inputs, g->staging, total);
}
