#include "lib/Api/Tensors.h"
#include "lib/Import/Diagnose.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
using namespace strand;
using llvm::ArrayRef;
using llvm::Twine;
namespace {

std::string elementText(strand_element e) {
  const char *kind = e.code == STRAND_CODE_INT      ? "i"
                     : e.code == STRAND_CODE_UINT   ? "u"
                     : e.code == STRAND_CODE_FLOAT  ? "f"
                     : e.code == STRAND_CODE_BFLOAT ? "bf"
                                                    : nullptr;
  std::string lanes = e.lanes == 1 ? "" : " x " + std::to_string(e.lanes);
  if (e.code == STRAND_CODE_BOOL && e.bits == 8)
    return "bool" + lanes;
  return (kind ? kind + std::to_string(e.bits) : "type " + std::to_string(e.code) + " of DLPack") + lanes;
}

bool same(strand_element a, strand_element b) { return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes; }

std::string neededShape(const strand_value &v) {
  std::string item;
  for (int64_t d = 0; d < v.rank; ++d)
    item += (item.empty() && v.kind == STRAND_VALUE_PARAMETER ? "" : ", ") + std::to_string(v.shape[d]);
  return v.kind == STRAND_VALUE_PARAMETER ? "[" + item + "]"
                                          : "[rows" + item + "] or [sequences, rows of each" + item + "]";
}

/// Whether the dimensions are not negative and the bytes can be counted.
bool count(ArrayRef<int64_t> shape, int64_t each, int64_t &bytes) {
  bytes = each;
  for (int64_t d : shape)
    if (d < 0 || __builtin_mul_overflow(bytes, d, &bytes))
      return false;
  return true;
}

bool isContiguous(ArrayRef<int64_t> shape, const int64_t *strides) {
  int64_t next = 1;
  for (size_t i = shape.size(); strides && i-- > 0; next *= shape[i])
    if (shape[i] != 1 && strides[i] != next)
      return false;
  return true;
}
} // namespace

int64_t strand::elementBytes(strand_element e) { return e.bits / 8 * e.lanes; }

int64_t strand::itemBytes(const strand_value &v) {
  int64_t bytes = elementBytes(v.element);
  for (int64_t d = 0; d < v.rank; ++d)
    bytes *= v.shape[d];
  return bytes;
}

int64_t strand::rowsOf(const Leading &leading) {
  int64_t rows = 1;
  for (int64_t d : leading)
    rows *= d;
  return rows;
}

strand_error *strand::fit(const strand_value &v, const strand_tensor *t, const Twine &what, Fitted &fitted) {
  std::string name = what.str();
  if (!t)
    return wrong("{0} is missing", name);
  if (t->device.type != STRAND_DEVICE_CPU && t->device.type != STRAND_DEVICE_CUDA_HOST)
    return wrong("{0} is on {1}; this library computes on the CPU, so copy it there", name,
                 t->device.type == STRAND_DEVICE_CUDA ? std::string("a GPU (CUDA)")
                                                      : "device type " + std::to_string(t->device.type) + " of DLPack");
  if (!same(t->element, v.element))
    return wrong("{0} has elements of type {1}; {2} is needed", name, elementText(t->element), elementText(v.element));
  if (t->rank < 0 || (t->rank && !t->shape))
    return wrong("{0} has rank {1} and {2} shape", name, t->rank, t->shape ? "a" : "no");
  ArrayRef<int64_t> shape(t->shape, t->rank), item(v.shape, v.rank);
  int64_t leading = t->rank - v.rank;
  bool fits = v.kind == STRAND_VALUE_PARAMETER ? leading == 0 : leading == 1 || leading == 2;
  if (!fits || shape.drop_front(leading) != item)
    return wrong("{0} has shape {1}; {2} is needed", name, shapeText(shape), neededShape(v));
  if (!count(shape, elementBytes(v.element), fitted.bytes))
    return wrong("{0} has shape {1}, whose bytes cannot be counted", name, shapeText(shape));
  if (fitted.bytes && !isContiguous(shape, t->strides))
    return wrong("{0} has strides {1}; a contiguous tensor is needed", name,
                 shapeText(ArrayRef<int64_t>(t->strides, t->rank)));
  if (!t->data && fitted.bytes)
    return wrong("{0} has no memory", name);
  fitted.data = static_cast<char *>(t->data) + t->byte_offset;
  fitted.leading.assign(shape.begin(), shape.begin() + leading);
  return nullptr;
}
