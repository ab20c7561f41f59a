// The parts of cuBLASLt's interface that Strand uses, with the values that NVIDIA documents.
#pragma once
#include "GpuDriver.h"

typedef struct LtContext_ *LtHandle;
typedef struct LtProduct_ *LtProduct;       // what to compute
typedef struct LtMatrix_ *LtMatrix;         // how a matrix lies in memory, column after column
typedef struct LtPreference_ *LtPreference; // what an algorithm may need

enum {
  LT_GOOD = 0, // of cublasStatus_t
  LT_NOT_SUPPORTED = 15,
  LT_SUMS_F32 = 68, // of cublasComputeType_t
  LT_F32 = 0,       // of cudaDataType_t
  LT_BF16 = 14,
  LT_TRANSPOSED = 1,   // of cublasOperation_t
  LT_TRANSPOSE_A = 3,  // attributes of a product: int32_t
  LT_WORKSPACE = 1,    // of a preference: uint64_t, bytes
  LT_REDUCTIONS = 3,   // uint32_t, a mask
  LT_IN_SUMS_TYPE = 2, // the reduction whose partial sums are f32
  LT_ALIGNMENT_A = 5,  // uint32_t, bytes; B, C and D follow
  LT_MATRICES = 4
};

typedef struct {
  uint64_t word[8];
} LtAlgorithm;

typedef struct {
  LtAlgorithm algorithm;
  size_t workspace;
  int status;
  float waves;
  int reserved[4];
} LtAnswer;

#define LIBRARY_FUNCTIONS(F)                                                                                           \
  F(size_t, cublasLtGetVersion, (void))                                                                                \
  F(const char *, cublasLtGetStatusString, (int))                                                                      \
  F(int, cublasLtCreate, (LtHandle *))                                                                                 \
  F(int, cublasLtDestroy, (LtHandle))                                                                                  \
  F(int, cublasLtMatmulDescCreate, (LtProduct *, int, int))                                                            \
  F(int, cublasLtMatmulDescSetAttribute, (LtProduct, int, const void *, size_t))                                       \
  F(int, cublasLtMatmulDescDestroy, (LtProduct))                                                                       \
  F(int, cublasLtMatrixLayoutCreate, (LtMatrix *, int, uint64_t, uint64_t, int64_t))                                   \
  F(int, cublasLtMatrixLayoutDestroy, (LtMatrix))                                                                      \
  F(int, cublasLtMatmulPreferenceCreate, (LtPreference *))                                                             \
  F(int, cublasLtMatmulPreferenceSetAttribute, (LtPreference, int, const void *, size_t))                              \
  F(int, cublasLtMatmulPreferenceDestroy, (LtPreference))                                                              \
  F(int, cublasLtMatmulAlgoGetHeuristic,                                                                               \
    (LtHandle, LtProduct, LtMatrix, LtMatrix, LtMatrix, LtMatrix, LtPreference, int, LtAnswer *, int *))               \
  F(int, cublasLtMatmul,                                                                                               \
    (LtHandle, LtProduct, const void *, const void *, LtMatrix, const void *, LtMatrix, const void *, const void *,    \
     LtMatrix, void *, LtMatrix, const LtAlgorithm *, void *, size_t, CUstream))
