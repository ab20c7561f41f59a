#include "lib/Import/Mlstm.h"
#include "dialects/Strand/Rows.h"
using namespace mlir;

mlir::Value strand::mlstm(FunctionBuilder &f, Value q, Value k, Value v, Value logForget, Value logInput, double eps) {
  int64_t heads = rowsType(q).getDimSize(1), keys = rowsType(q).getDimSize(2), values = rowsType(v).getDimSize(2);
  Carried carried[] = {{{heads, keys, values}}, {{heads, keys}}, {{heads}}};
  return scan(
      f, {q, k, v, logForget, logInput}, {}, carried, [&](StepBuilder &s, ValueRange x, ValueRange, ValueRange before) {
        Value q = x[0], k = x[1], v = x[2], logF = x[3], logI = x[4], S = before[0], n = before[1], m = before[2];
        Value most = s.map("h,h,h->h", {logF, m, logI}, [](ArrayRef<Scalar> v) { return maximum(v[0] + v[1], v[2]); });
        Value keep = s.map("h,h,h->h", {logF, m, most}, [](ArrayRef<Scalar> v) { return exp(v[0] + v[1] - v[2]); });
        Value enter = s.map("h,h->h", {logI, most}, [](ArrayRef<Scalar> v) { return exp(v[0] - v[1]); });
        S = s.map("h,hkv,h,hk,hv->hkv", {keep, S, enter, k, v},
                  [](ArrayRef<Scalar> v) { return v[0] * v[1] + v[2] * v[3] * v[4]; });
        n = s.map("h,hk,h,hk->hk", {keep, n, enter, k}, [](ArrayRef<Scalar> v) { return v[0] * v[1] + v[2] * v[3]; });
        Value sum = s.product("hk,hkv->hv", q, S), weight = s.product("hk,hk->h", q, n);
        Value y = s.map("hv,h,h->hv", {sum, weight, most},
                        [&](ArrayRef<Scalar> v) { return v[0] / (maximum(abs(v[1]), exp(-v[2])) + eps); });
        return SmallVector<Value>{y, S, n, most};
      });
}
