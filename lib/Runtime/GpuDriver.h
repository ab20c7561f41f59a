// The parts of the driver's interface that Strand uses, and what a ctx of a model on a GPU is.
#pragma once
#include "Runtime.h"

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct Context_ *CUcontext;
typedef struct Module_ *CUmodule;
typedef struct Function_ *CUfunction;
typedef struct Stream_ *CUstream;
typedef struct Event_ *CUevent;
typedef struct Graph_ *CUgraph;
typedef struct GraphExec_ *CUgraphExec;

// What the copy engine of sm_90 has to know of a matrix.
typedef struct {
  _Alignas(64) uint64_t word[16];
} TensorMap;

// Numbers of the driver's interface.
enum {
  ATTRIBUTE_MAJOR = 75,
  ATTRIBUTE_MINOR = 76,
  ATTRIBUTE_SHARED = 97,
  FUNCTION_DYNAMIC_SHARED = 8,
  CAPTURE_RELAXED = 2
};

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
                     void **, void **))                                                                                \
  F(cuStreamBeginCapture_v2, (CUstream, int))                                                                          \
  F(cuStreamEndCapture, (CUstream, CUgraph *))                                                                         \
  F(cuGraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long))                                         \
  F(cuGraphLaunch, (CUgraphExec, CUstream))                                                                            \
  F(cuGraphExecDestroy, (CUgraphExec))                                                                                 \
  F(cuGraphDestroy, (CUgraph))                                                                                         \
  F(cuTensorMapEncodeTiled, (TensorMap *, int, unsigned, void *, const uint64_t *, const uint64_t *, const uint32_t *, \
                             const uint32_t *, int, int, int, int))

typedef struct {
  void *library;
#define MEMBER(name, arguments) CUresult(*name) arguments;
  DRIVER_FUNCTIONS(MEMBER)
} Driver;

typedef struct {
  CUfunction function;
  int64_t shared; // bytes of dynamic shared memory that it may have
} Kernel;

// Launches that are not on their way yet, one behind the other: kernel, blocks, threads, bytes of shared memory, number
// of arguments, arguments. In the place of a kernel: a product by the library, whose numbers are the arguments.
enum { HEAD = 5, LIBRARY_PRODUCT = -1 };
typedef struct {
  int64_t *word;
  int64_t words, room, launches;
} Launches;

// Launches that came more than once.
typedef struct {
  Launches launches;
  CUgraphExec graph; // NULL until they come again
  int64_t lastUse;
} Replay;

enum { REPLAYS = 8 };

typedef struct Library Library; // GpuLibrary.c

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
  Launches waiting;
  Replay replay[REPLAYS];
  int64_t replayUses;
  Library *library; // NULL until a product asks for it
  char name[256], problem[512];
} Gpu;

static inline bool gpuFailed(const Gpu *g) { return g->problem[0] != 0; }

// Whether `result` is none; else the first error of `g` is kept.
bool gpuGood(Gpu *g, CUresult result, const char *doing);
void __attribute__((format(printf, 2, 3))) gpuNote(Gpu *g, const char *format, ...);

// GpuLaunch.c. Sends what waits; before anything else that happens on the stream.
void gpuFlush(Gpu *g);
void gpuForget(Gpu *g);
// Behind what waits.
void gpuQueue(Gpu *g, const int64_t head[HEAD], const int64_t *arguments);

// GpuLibrary.c. One that waited.
void gpuLibraryProduct(Gpu *g, const int64_t *arguments);
void gpuCloseLibrary(Gpu *g);
