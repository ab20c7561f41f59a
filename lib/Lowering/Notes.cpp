#include "lib/Lowering/Notes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
using namespace mlir;

void strand::noteForm(Operation *op, StringRef form, ArrayRef<NamedAttribute> facts, bool fallback) {
  auto f = op->getParentOfType<FunctionOpInterface>();
  if (!f)
    return;
  Builder b(op->getContext());
  std::string place;
  llvm::raw_string_ostream(place) << op->getLoc();
  NamedAttrList note;
  note.append("op", b.getStringAttr(op->getName().getStringRef()));
  note.append("form", b.getStringAttr(form));
  note.append("at", b.getStringAttr(place));
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
