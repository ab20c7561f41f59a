/* A driver without a device, as libcuda.so.1: says what it is asked to start. FAKE_CUDA_FAILS names a function that fails. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool recording;
static int graphs;

static int result(const char *function) {
  const char *fails = getenv("FAKE_CUDA_FAILS");
  return fails && !strcmp(fails, function) ? 719 : 0;
}

#define PLAIN(name)                                                                                                     \
  int name(void) { return result(#name); }
PLAIN(cuInit)
PLAIN(cuDeviceGet)
PLAIN(cuDevicePrimaryCtxRetain)
PLAIN(cuDevicePrimaryCtxRelease_v2)
PLAIN(cuCtxSetCurrent)
PLAIN(cuModuleLoadData)
PLAIN(cuModuleUnload)
PLAIN(cuFuncSetAttribute)
PLAIN(cuMemFree_v2)
PLAIN(cuMemcpyHtoDAsync_v2)
PLAIN(cuMemcpyDtoHAsync_v2)
PLAIN(cuMemcpyDtoDAsync_v2)
PLAIN(cuStreamDestroy_v2)
PLAIN(cuStreamSynchronize)
PLAIN(cuEventCreate)
PLAIN(cuEventRecord)
PLAIN(cuEventSynchronize)
PLAIN(cuEventElapsedTime)
PLAIN(cuEventDestroy_v2)
PLAIN(cuGraphDestroy)

int cuDriverGetVersion(int *version) { return *version = 13000, 0; }
int cuDeviceGetCount(int *count) { return *count = 1, 0; }
int cuDeviceGetName(char *name, int size) { return snprintf(name, (size_t)size, "paper"), 0; }
int cuDeviceGetAttribute(int *value) { return *value = 9, 0; }
int cuGetErrorString(int code, const char **text) { return (void)code, *text = "torn", 0; }
int cuMemAlloc_v2(uint64_t *address) { return *address = 4096, 0; }
int cuStreamCreate(void **stream) { return *stream = &recording, 0; }
int cuModuleGetFunction(const char **function, void *module, const char *name) { return (void)module, *function = name, 0; }

int cuLaunchKernel(const char *function, unsigned blocks, unsigned y, unsigned z, unsigned threads, unsigned ty, unsigned tz,
                   unsigned shared, void *stream, void **arguments) {
  (void)y, (void)z, (void)ty, (void)tz, (void)shared, (void)stream;
  printf("%s %s of %u x %u: %lld\n", recording ? "record" : "start", function, blocks, threads, *(long long *)arguments[0]);
  return result("cuLaunchKernel");
}
int cuStreamBeginCapture_v2(void *stream, int mode) {
  (void)stream, (void)mode;
  recording = true;
  return result("cuStreamBeginCapture_v2");
}
int cuStreamEndCapture(void *stream, void **graph) {
  (void)stream;
  recording = false;
  *graph = &graphs;
  return result("cuStreamEndCapture");
}
int cuGraphInstantiateWithFlags(intptr_t *made) { return *made = ++graphs, result("cuGraphInstantiateWithFlags"); }
int cuGraphLaunch(intptr_t graph) { return printf("start graph %d\n", (int)graph), result("cuGraphLaunch"); }
int cuGraphExecDestroy(intptr_t graph) { return printf("drop graph %d\n", (int)graph), 0; }
