#include "lib/Lowering/Notes.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
using namespace mlir;

/// "file:line:col" where that is known.
static std::string placeOf(Location loc) {
  std::string text;
  llvm::raw_string_ostream out(text);
  if (auto at = loc->findInstanceOf<FileLineColLoc>())
    out << at.getFilename().getValue() << ":" << at.getLine() << ":" << at.getColumn();
  else if (auto name = loc->findInstanceOf<NameLoc>())
    out << name.getName().getValue();
  else
    out << loc;
  return text;
}

void strand::noteForm(Operation *op, StringRef form, ArrayRef<NamedAttribute> facts, bool fallback) {
  auto f = op->getParentOfType<FunctionOpInterface>();
  if (!f)
    return;
  Builder b(op->getContext());
  NamedAttrList note;
  note.append("op", b.getStringAttr(op->getName().getStringRef()));
  note.append("form", b.getStringAttr(form));
  note.append("at", b.getStringAttr(placeOf(op->getLoc())));
  if (op->getNumResults())
    note.append("type", TypeAttr::get(getElementTypeOrSelf(op->getResult(0).getType())));
  note.append("fallback", b.getBoolAttr(fallback));
  if (auto name = op->getAttrOfType<StringAttr>("strand.name"))
    note.append("name", name);
  note.append(facts);
  SmallVector<Attribute> notes;
  if (auto before = f->getAttrOfType<ArrayAttr>("strand.notes"))
    llvm::append_range(notes, before);
  notes.push_back(note.getDictionary(op->getContext()));
  f->setAttr("strand.notes", b.getArrayAttr(notes));
}
