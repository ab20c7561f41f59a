// LSTM (torch.nn.LSTM):
//   c = sigmoid(f) c + sigmoid(i) tanh(g),   h = sigmoid(o) tanh(c),   i, f, g, o = p + q
#include "lib/Import/TorchRnn.h"
#include "dialects/Strand/Rows.h"
using namespace mlir;
namespace strand {

void importLstm(ModelBuilder &m, Value &logits) {
  logits =
      buildTorchRnn(m, "LSTM", /*gates=*/4, /*carried=*/2, [](StepBuilder &s, Value p, Value q, ValueRange carried) {
        int64_t width = rowsType(carried[0]).getDimSize(0);
        Value gates = s.map("n,n->n", {p, q}, [](ArrayRef<Scalar> v) { return v[0] + v[1]; });
        SmallVector<Value> in{carried[1]};
        for (int64_t gate = 0; gate < 4; ++gate)
          in.push_back(s.part(gates, gate * width, width));
        return s.formula("n,n,n,n,n->n,n", in, [](ArrayRef<Scalar> v) -> SmallVector<Scalar> {
          Scalar c = sigmoid(v[2]) * v[0] + sigmoid(v[1]) * tanh(v[3]);
          return {sigmoid(v[4]) * tanh(c), c};
        });
      });
}
} // namespace strand
