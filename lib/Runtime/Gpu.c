// Models on an NVIDIA GPU, through the driver's own interface: libcuda.so.1 is opened when a GPU is asked for, so
// programs are linked and start without CUDA.
//
// One stream orders everything. Functions that compiled code calls return nothing; the first error of a ctx is kept,
// and from then on nothing is launched.
#define _GNU_SOURCE
#include "GpuDriver.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_DRIVER = 12000 };

static Gpu *gpuOf(strand_rt_ctx *ctx) { return (Gpu *)ctx; }
static const Gpu *constGpuOf(const strand_rt_ctx *ctx) { return (const Gpu *)ctx; }
static CUdeviceptr address(const void *p) { return (CUdeviceptr)(uintptr_t)p; }

// ---- errors ----

void gpuNote(Gpu *g, const char *format, ...) {
  if (g->problem[0])
    return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(g->problem, sizeof g->problem, format, arguments);
  va_end(arguments);
}

bool gpuGood(Gpu *g, CUresult result, const char *doing) {
  if (!result)
    return true;
  const char *text = NULL;
  g->driver.cuGetErrorString(result, &text);
  gpuNote(g, "%s: %s (error %d of the driver)", doing, text ? text : "unknown error", result);
  return false;
}

// Sends what waits, since it comes first; whether nothing has failed.
static bool ready(Gpu *g) {
  gpuFlush(g);
  return !gpuFailed(g);
}

static int32_t status(const Gpu *g) { return gpuFailed(g) ? STRAND_ERROR_DEVICE : STRAND_OK; }

STRAND_VISIBLE int32_t strand_rt_gpu_status(strand_rt_ctx *ctx) {
  gpuFlush(gpuOf(ctx));
  return status(gpuOf(ctx));
}
STRAND_VISIBLE const char *strand_rt_gpu_problem(const strand_rt_ctx *ctx) { return constGpuOf(ctx)->problem; }
STRAND_VISIBLE const char *strand_rt_gpu_name(const strand_rt_ctx *ctx) { return constGpuOf(ctx)->name; }

// ---- opening ----

static bool openDriver(Gpu *g) {
  Driver *d = &g->driver;
  d->library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!d->library) {
    gpuNote(g, "there is no NVIDIA driver on this machine: %s", dlerror());
    return false;
  }
#define FIND(name, arguments)                                                                                          \
  if (!(d->name = (CUresult(*) arguments)dlsym(d->library, #name))) {                                                  \
    gpuNote(g, "the NVIDIA driver is too old: it has no %s", #name);                                                   \
    return false;                                                                                                      \
  }
  DRIVER_FUNCTIONS(FIND)
  return true;
}

static bool openDevice(Gpu *g) {
  Driver *d = &g->driver;
  int version = 0, count = 0, major = 0, minor = 0, shared = 0;
  if (!gpuGood(g, d->cuInit(0), "cannot start the NVIDIA driver") ||
      !gpuGood(g, d->cuDriverGetVersion(&version), "cannot ask the NVIDIA driver for its version"))
    return false;
  if (version < LEAST_DRIVER) {
    gpuNote(g, "the NVIDIA driver is too old: it is for CUDA %d.%d, and %d.%d is needed", version / 1000,
            version % 1000 / 10, LEAST_DRIVER / 1000, LEAST_DRIVER % 1000 / 10);
    return false;
  }
  if (!gpuGood(g, d->cuDeviceGetCount(&count), "cannot count the GPUs"))
    return false;
  if (!count) {
    gpuNote(g, "this machine has no GPU that the NVIDIA driver knows");
    return false;
  }
  char name[200];
  if (!gpuGood(g, d->cuDeviceGet(&g->device, 0), "cannot open the GPU") ||
      !gpuGood(g, d->cuDeviceGetName(name, sizeof name, g->device), "cannot ask for the GPU's name") ||
      !gpuGood(g, d->cuDeviceGetAttribute(&major, ATTRIBUTE_MAJOR, g->device), "cannot ask for the GPU's kind") ||
      !gpuGood(g, d->cuDeviceGetAttribute(&minor, ATTRIBUTE_MINOR, g->device), "cannot ask for the GPU's kind") ||
      !gpuGood(g, d->cuDeviceGetAttribute(&shared, ATTRIBUTE_SHARED, g->device),
               "cannot ask for the GPU's shared memory") ||
      !gpuGood(g, d->cuDevicePrimaryCtxRetain(&g->context, g->device), "cannot open the GPU") ||
      !gpuGood(g, d->cuCtxSetCurrent(g->context), "cannot use the GPU") ||
      !gpuGood(g, d->cuStreamCreate(&g->stream, 0), "cannot make a stream on the GPU") ||
      !gpuGood(g, d->cuEventCreate(&g->start, 0), "cannot make a clock on the GPU") ||
      !gpuGood(g, d->cuEventCreate(&g->stop, 0), "cannot make a clock on the GPU"))
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
  gpuNote(g, "the program was compiled for %s and does not run on %s: %s; compile it with --gpu-arch for this GPU",
          chips, g->name, text ? text : "unknown error");
  return false;
}

static bool findKernels(Gpu *g) {
  g->kernel = calloc((size_t)g->code->kernels + 1, sizeof *g->kernel);
  if (!g->kernel) {
    gpuNote(g, "no memory for %lld kernels", (long long)g->code->kernels);
    return false;
  }
  for (int64_t i = 0; i < g->code->kernels; ++i)
    if (!gpuGood(g, g->driver.cuModuleGetFunction(&g->kernel[i].function, g->module, g->code->kernel[i]),
                 g->code->kernel[i]))
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
    gpuNote(g, "the kernels have calling convention %lld and this library %d", (long long)code->version,
            STRAND_ABI_VERSION);
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
  if (g->stream) {
    gpuFlush(g);
    d->cuStreamSynchronize(g->stream);
  }
  gpuForget(g);
  gpuCloseLibrary(g);
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
  if (!memory)
    return;
  gpuFlush(gpuOf(ctx));
  gpuOf(ctx)->driver.cuMemFree_v2(address(memory));
}

STRAND_VISIBLE int32_t strand_rt_gpu_write(strand_rt_ctx *ctx, void *to, const void *from, int64_t bytes) {
  Gpu *g = gpuOf(ctx);
  if (ready(g) && bytes)
    gpuGood(g, g->driver.cuMemcpyHtoDAsync_v2(address(to), from, (size_t)bytes, g->stream), "cannot copy to the GPU");
  return status(g);
}

STRAND_VISIBLE int32_t strand_rt_gpu_read(strand_rt_ctx *ctx, void *to, const void *from, int64_t bytes) {
  Gpu *g = gpuOf(ctx);
  if (ready(g) && bytes)
    gpuGood(g, g->driver.cuMemcpyDtoHAsync_v2(to, address(from), (size_t)bytes, g->stream), "cannot copy from the GPU");
  return strand_rt_gpu_wait(ctx);
}

STRAND_VISIBLE int32_t strand_rt_gpu_move(strand_rt_ctx *ctx, void *to, const void *from, int64_t bytes) {
  Gpu *g = gpuOf(ctx);
  if (ready(g) && bytes)
    gpuGood(g, g->driver.cuMemcpyDtoDAsync_v2(address(to), address(from), (size_t)bytes, g->stream),
            "cannot copy on the GPU");
  return status(g);
}

STRAND_VISIBLE int32_t strand_rt_gpu_wait(strand_rt_ctx *ctx) {
  Gpu *g = gpuOf(ctx);
  if (ready(g))
    gpuGood(g, g->driver.cuStreamSynchronize(g->stream), "the GPU failed");
  return status(g);
}

STRAND_VISIBLE int32_t strand_rt_gpu_clock_start(strand_rt_ctx *ctx) {
  Gpu *g = gpuOf(ctx);
  if (ready(g))
    gpuGood(g, g->driver.cuEventRecord(g->start, g->stream), "cannot start the GPU's clock");
  return status(g);
}

STRAND_VISIBLE double strand_rt_gpu_clock_stop(strand_rt_ctx *ctx) {
  Gpu *g = gpuOf(ctx);
  float milliseconds = 0;
  if (ready(g) && gpuGood(g, g->driver.cuEventRecord(g->stop, g->stream), "cannot stop the GPU's clock") &&
      gpuGood(g, g->driver.cuEventSynchronize(g->stop), "the GPU failed"))
    gpuGood(g, g->driver.cuEventElapsedTime(&milliseconds, g->start, g->stop), "cannot read the GPU's clock");
  return (double)milliseconds * 1e-3;
}

// ---- what compiled code calls ----

static bool reserveInputs(Gpu *g, int64_t bytes) {
  if (bytes <= g->inputBytes)
    return true;
  strand_rt_gpu_free((strand_rt_ctx *)g, g->inputs); // waits for what still reads it
  free(g->staging);
  g->inputBytes = 0;
  g->inputs = strand_rt_gpu_allocate((strand_rt_ctx *)g, 2 * bytes);
  g->staging = malloc((size_t)(2 * bytes));
  if (!g->inputs || !g->staging) {
    gpuNote(g, "no memory for the tokens of a call: %lld bytes", (long long)(2 * bytes));
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
