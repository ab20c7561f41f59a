// strand.weight: what it is.
#include "dialects/Strand/Strand.h"
using namespace mlir;
using namespace strand;

LogicalResult WeightOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  if (!type.hasStaticShape())
    return emitOpError("C1: the shape of weight '") << getName() << "' is not static: " << type;
  if (getPanel() && (type.getRank() != 3 || type.getDimSize(2) != int64_t(*getPanel())))
    return emitOpError("C2: panels of ") << *getPanel() << " want a type [panels, K, " << *getPanel() << "], not "
                                         << type;
  return success();
}
