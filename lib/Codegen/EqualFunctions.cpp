#include "lib/Codegen/EqualFunctions.h"
#include "mlir/IR/OperationSupport.h"
using namespace mlir;
using namespace strand;
namespace {

DictionaryAttr withoutName(FunctionOpInterface f) {
  NamedAttrList attributes(f->getAttrs());
  attributes.erase(SymbolTable::getSymbolAttrName());
  return attributes.getDictionary(f.getContext());
}

/// Of what equal functions have in common, wherever their values come from.
llvm::hash_code hashOf(FunctionOpInterface f) {
  llvm::hash_code hash = hash_value(Attribute(withoutName(f)));
  f.getFunctionBody().walk([&](Operation *op) {
    hash = llvm::hash_combine(hash, OperationEquivalence::computeHash(op, OperationEquivalence::ignoreHashValue,
                                                                      OperationEquivalence::ignoreHashValue,
                                                                      OperationEquivalence::IgnoreLocations));
  });
  return hash;
}

bool areEqual(FunctionOpInterface a, FunctionOpInterface b) {
  return withoutName(a) == withoutName(b) &&
         OperationEquivalence::isRegionEquivalentTo(&a.getFunctionBody(), &b.getFunctionBody(),
                                                    OperationEquivalence::IgnoreLocations);
}
} // namespace

FunctionOpInterface EqualFunctions::firstLike(FunctionOpInterface f) {
  SmallVector<FunctionOpInterface, 1> &alike = kept[hashOf(f)];
  auto *first = llvm::find_if(alike, [&](FunctionOpInterface g) { return areEqual(f, g); });
  if (first != alike.end())
    return *first;
  alike.push_back(f);
  return f;
}
