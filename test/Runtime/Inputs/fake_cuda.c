/* A driver without a device, as libcuda.so.1: says what it is asked to start. FAKE_CUDA_FAILS names a function that fails. */
#include "GpuDriver.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool recording;
static int graphs;

static int result(const char *function) {
  const char *fails = getenv("FAKE_CUDA_FAILS");
  return fails && !strcmp(fails, function) ? 719 : 0;
}

#define PLAIN(name, ...)                                                                                                \
  CUresult name(__VA_ARGS__) { return result(#name); }
PLAIN(cuInit, unsigned)
PLAIN(cuDevicePrimaryCtxRetain, CUcontext *, CUdevice)
PLAIN(cuDevicePrimaryCtxRelease_v2, CUdevice)
PLAIN(cuCtxSetCurrent, CUcontext)
PLAIN(cuDeviceGet, CUdevice *, int)
PLAIN(cuModuleLoadData, CUmodule *, const void *)
PLAIN(cuModuleUnload, CUmodule)
PLAIN(cuFuncSetAttribute, CUfunction, int, int)
PLAIN(cuMemFree_v2, CUdeviceptr)
PLAIN(cuMemcpyHtoDAsync_v2, CUdeviceptr, const void *, size_t, CUstream)
PLAIN(cuMemcpyDtoDAsync_v2, CUdeviceptr, CUdeviceptr, size_t, CUstream)
PLAIN(cuStreamDestroy_v2, CUstream)
PLAIN(cuStreamSynchronize, CUstream)
PLAIN(cuEventCreate, CUevent *, unsigned)
PLAIN(cuEventRecord, CUevent, CUstream)
PLAIN(cuEventSynchronize, CUevent)
PLAIN(cuEventElapsedTime, float *, CUevent, CUevent)
PLAIN(cuEventDestroy_v2, CUevent)
PLAIN(cuGraphDestroy, CUgraph)

CUresult cuDriverGetVersion(int *version) { return *version = 13000, 0; }
CUresult cuDeviceGetCount(int *count) { return *count = 1, 0; }
CUresult cuDeviceGetName(char *name, int size, CUdevice) { return snprintf(name, (size_t)size, "paper"), 0; }
CUresult cuDeviceGetAttribute(int *value, int, CUdevice) { return *value = 9, 0; }
CUresult cuGetErrorString(CUresult, const char **text) { return *text = "torn", 0; }
CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t) { return *address = 4096, 0; }
CUresult cuStreamCreate(CUstream *stream, unsigned) { return *stream = (CUstream)&recording, 0; }
CUresult cuModuleGetFunction(CUfunction *function, CUmodule, const char *name) { return *function = (CUfunction)(uintptr_t)name, 0; }

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr, size_t size, CUstream) {
  memset(to, 0, size);
  return printf("read %zu bytes\n", size), 0;
}

CUresult cuTensorMapEncodeTiled(TensorMap *map, int type, unsigned rank, void *matrix, const uint64_t *sizes,
                                const uint64_t *strides, const uint32_t *box, const uint32_t *, int, int swizzle, int, int) {
  printf("map %d of rank %u at %p: %llu x %llu by %llu bytes, boxes %u x %u, swizzle %d\n", type, rank, matrix,
         (unsigned long long)sizes[1], (unsigned long long)sizes[0], (unsigned long long)strides[0], box[1], box[0], swizzle);
  map->word[0] = (uintptr_t)matrix;
  return result("cuTensorMapEncodeTiled");
}

CUresult cuLaunchKernel(CUfunction function, unsigned blocks, unsigned, unsigned, unsigned threads, unsigned, unsigned, unsigned,
                        CUstream, void **arguments, void **) {
  printf("%s %s of %u x %u: %lld\n", recording ? "record" : "start", (const char *)function, blocks, threads,
         *(long long *)arguments[0]);
  return result("cuLaunchKernel");
}
CUresult cuStreamBeginCapture_v2(CUstream, int) {
  recording = true;
  return result("cuStreamBeginCapture_v2");
}
CUresult cuStreamEndCapture(CUstream, CUgraph *graph) {
  recording = false;
  *graph = (CUgraph)&graphs;
  return result("cuStreamEndCapture");
}
CUresult cuGraphInstantiateWithFlags(CUgraphExec *made, CUgraph, unsigned long long) {
  *made = (CUgraphExec)(uintptr_t)++graphs;
  return result("cuGraphInstantiateWithFlags");
}
CUresult cuGraphLaunch(CUgraphExec graph, CUstream) {
  printf("start graph %d\n", (int)(uintptr_t)graph);
  return result("cuGraphLaunch");
}
CUresult cuGraphExecDestroy(CUgraphExec graph) { return printf("drop graph %d\n", (int)(uintptr_t)graph), 0; }
