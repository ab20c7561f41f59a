#include "lib/Import/Mlstm.h"
#include "dialects/Strand/Rows.h"
#include "llvm/ADT/StringExtras.h"
using namespace mlir;
using namespace strand;

mlir::Value strand::mlstm(FunctionBuilder &f, Value q, Value k, Value v, Value logForget, Value logInput, double eps) {
  int64_t heads = rowsType(q).getDimSize(1), keys = rowsType(q).getDimSize(2), values = rowsType(v).getDimSize(2);
  Carried carried[] = {{{heads, keys, values}}, {{heads, keys}}, {{heads}}};
  return scan(f, {q, k, v, logForget, logInput}, {}, carried, [&](StepBuilder &s, ValueRange x, ValueRange, ValueRange before) {
    Value q = x[0], k = x[1], v = x[2], logF = x[3], logI = x[4], S = before[0], n = before[1], m = before[2];
    Value most = s.map("h,h,h->h", {logF, m, logI}, [](ArrayRef<Scalar> v) { return maximum(v[0] + v[1], v[2]); });
    Value keep = s.map("h,h,h->h", {logF, m, most}, [](ArrayRef<Scalar> v) { return exp(v[0] + v[1] - v[2]); });
    Value enter = s.map("h,h->h", {logI, most}, [](ArrayRef<Scalar> v) { return exp(v[0] - v[1]); });
    S = s.map("h,hkv,h,hk,hv->hkv", {keep, S, enter, k, v}, [](ArrayRef<Scalar> v) { return v[0] * v[1] + v[2] * v[3] * v[4]; });
    n = s.map("h,hk,h,hk->hk", {keep, n, enter, k}, [](ArrayRef<Scalar> v) { return v[0] * v[1] + v[2] * v[3]; });
    Value sum = s.product("hk,hkv->hv", q, S), weight = s.product("hk,hk->h", q, n);
    Value y = s.map("hv,h,h->hv", {sum, weight, most}, [&](ArrayRef<Scalar> v) {
      return v[0] / (maximum(abs(v[1]), exp(-v[2])) + eps);
    });
    return SmallVector<Value>{y, S, n, most};
  });
}

/// x less its mean over the last dimension.
static Value centred(FunctionBuilder &f, Value x) {
  SmallVector<int64_t> item = itemShape(x);
  StringRef all = item.size() == 1 ? "rd" : "rhd", outer = all.drop_back();
  std::string name = "centred_" + llvm::join(llvm::map_range(item, [](int64_t n) { return std::to_string(n); }), "x");
  func::FuncOp g = f.model.function(name, x.getType(), [&](OpBuilder &b, ValueRange args) {
    auto map = [&](StringRef dims) { return dimsMap(b.getContext(), all, dims); };
    Location loc = f.loc;
    Type f32 = b.getF32Type();
    Value sum = emptyRows(b, loc, args[0], ArrayRef(item).drop_back(), f32);
    sum = filledInto(b, loc, floatConstant(b, loc, f32, 0), sum);
    std::string kinds(outer.size(), 'p');
    sum = generic(b, loc, args[0], sum, {map(all), map(outer)}, kinds + "r", [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
      return {arith::AddFOp::create(b, loc, v[1], v[0])};
    })[0];
    Value out = emptyRows(b, loc, args[0], item, f32);
    return generic(b, loc, {args[0], sum}, out, {map(all), map(outer), map(all)}, kinds + "p", [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
      return {(Scalar{&b, loc, v[0]} - Scalar{&b, loc, v[1]} * (1.0 / item.back())).v};
    });
  });
  return func::CallOp::create(f.b, f.loc, g, x).getResult(0);
}

Value strand::layerNorm(FunctionBuilder &f, Value x, Value weight, double eps) {
  return f.rmsNorm(centred(f, x), weight, eps);
}
