#include "lib/Lowering/Notes.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
using namespace mlir;

static constexpr StringLiteral notesName = "strand.notes";

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
  if (auto before = f->getAttrOfType<ArrayAttr>(notesName))
    llvm::append_range(notes, before);
  op->setLoc(FusedLoc::get({op->getLoc()}, b.getI64IntegerAttr(notes.size()), op->getContext()));
  notes.push_back(note.getDictionary(op->getContext()));
  f->setAttr(notesName, b.getArrayAttr(notes));
}

SmallVector<NamedAttribute> strand::factsOfTiles(Builder &b, StringRef why) {
  auto fact = [&](StringRef name, StringRef text) { return b.getNamedAttr(name, b.getStringAttr(text)); };
  if (why.empty())
    return {fact("tiles", "in registers")};
  return {fact("tiles", "through memory"), fact("tiles_why", why)};
}

void strand::TileNotes::add(Operation *loop, StringRef why) {
  auto named = loop->getLoc()->findInstanceOf<FusedLocWith<IntegerAttr>>();
  if (!named)
    return;
  Loops &loops = notes[named.getMetadata().getInt()];
  ++(why.empty() ? loops.kept : loops.refused);
  if (loops.why.empty())
    loops.why = why;
}

void strand::TileNotes::write(Operation *function) {
  auto before = function->getAttrOfType<ArrayAttr>(notesName);
  if (!before)
    return;
  Builder b(function->getContext());
  SmallVector<Attribute> after(before.getValue());
  for (auto &[number, loops] : notes) {
    if (number >= int64_t(after.size()))
      continue;
    NamedAttrList note(cast<DictionaryAttr>(after[number]));
    note.erase("tiles_why");
    for (NamedAttribute fact : factsOfTiles(b, loops.why))
      note.set(fact.getName(), fact.getValue());
    if (loops.kept && loops.refused)
      note.set("tiles", b.getStringAttr("some through memory"));
    if (loops.refused)
      note.set("fallback", b.getBoolAttr(true));
    after[number] = note.getDictionary(function->getContext());
  }
  function->setAttr(notesName, b.getArrayAttr(after));
}
