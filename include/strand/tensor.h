/* Tensors as other libraries hand them over: the binary layout of DLPack 1 (https://dmlc.github.io/dlpack), under names
 * of our own, so that this header and dlpack.h can be included together. A `DLTensor *` may be passed as a
 * `strand_tensor *` and the other way round, and likewise the managed kinds.
 */
#ifndef STRAND_TENSOR_H
#define STRAND_TENSOR_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Where the memory is. Only the first is read by this version. */
enum strand_device_type { STRAND_DEVICE_CPU = 1, STRAND_DEVICE_CUDA = 2, STRAND_DEVICE_CUDA_HOST = 3 };
typedef struct {
  int32_t type;           /* enum strand_device_type, or another number of DLPack */
  int32_t index;
} strand_device;

enum strand_type_code { STRAND_CODE_INT = 0, STRAND_CODE_UINT = 1, STRAND_CODE_FLOAT = 2, STRAND_CODE_BFLOAT = 4,
                        STRAND_CODE_BOOL = 6 };
typedef struct {
  uint8_t code;           /* enum strand_type_code, or another number of DLPack */
  uint8_t bits;           /* of one number: 32 for f32, 16 for bf16, 8 for a truth value */
  uint16_t lanes;         /* 1 */
} strand_element;

typedef struct strand_tensor {
  void *data;
  strand_device device;
  int32_t rank;
  strand_element element;
  int64_t *shape;         /* rank numbers */
  int64_t *strides;       /* in elements; NULL: rows lie one after another */
  uint64_t byte_offset;   /* of the first element from `data` */
} strand_tensor;

/* A tensor and who frees it, as a capsule "dltensor" of Python holds it. */
typedef struct strand_managed_tensor {
  strand_tensor tensor;
  void *owner;
  void (*deleter)(struct strand_managed_tensor *self); /* may be NULL */
} strand_managed_tensor;

/* The same since DLPack 1.0, as a capsule "dltensor_versioned" holds it. */
typedef struct strand_versioned_tensor {
  uint32_t major, minor;
  void *owner;
  void (*deleter)(struct strand_versioned_tensor *self); /* may be NULL */
  uint64_t flags;         /* bit 0: read-only */
  strand_tensor tensor;
} strand_versioned_tensor;

#ifdef __cplusplus
}
#endif
#endif
