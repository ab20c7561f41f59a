// GRU (torch.nn.GRU), whose reset gate multiplies behind the product and its bias:
//   h = (1 - z) n + z h,   n = tanh(p_n + r q_n),   r, z = sigmoid(p + q)
#include "lib/Import/TorchRnn.h"
#include "dialects/Strand/Rows.h"
using namespace mlir;
namespace strand {

void importGru(ModelBuilder &m, Value &logits) {
  logits =
      buildTorchRnn(m, "GRU", /*gates=*/3, /*carried=*/1, [](StepBuilder &s, Value p, Value q, ValueRange carried) {
        int64_t width = rowsType(carried[0]).getDimSize(0);
        SmallVector<Value> in{carried[0]};
        for (Value side : {p, q})
          for (int64_t gate = 0; gate < 3; ++gate)
            in.push_back(s.part(side, gate * width, width));
        return s.formula("n,n,n,n,n,n,n->n", in, [](ArrayRef<Scalar> v) -> SmallVector<Scalar> {
          Scalar r = sigmoid(v[1] + v[4]), z = sigmoid(v[2] + v[5]), n = tanh(v[3] + r * v[6]);
          return {n + z * (v[0] - n)};
        });
      });
}
} // namespace strand
