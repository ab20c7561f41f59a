// .npy: "\x93NUMPY", two bytes of version, the header's length, and the header, a Python dictionary with the keys
// descr, fortran_order and shape; then the elements.
#include "lib/Check/Npy.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"
using namespace llvm;
using namespace strand;
namespace {
/// What stands behind `'key':` up to `end`.
StringRef valueOf(StringRef header, StringRef key, StringRef end) {
  size_t at = header.find(("'" + key + "':").str());
  if (at == StringRef::npos)
    return "";
  return header.substr(at + key.size() + 3).split(end).first.trim();
}
} // namespace

Expected<NpyArray> strand::readNpy(StringRef path) {
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return createStringError("cannot read '" + path + "': " + file.getError().message());
  StringRef text = (*file)->getBuffer();
  auto refuse = [&](const Twine &what) { return createStringError("'" + path + "': " + what); };
  if (!text.starts_with("\x93NUMPY") || text.size() < 12)
    return refuse("is not an array of numpy's format .npy");
  bool wide = text[6] >= 2;
  size_t begin = wide ? 12 : 10;
  size_t length = wide ? support::endian::read32le(text.data() + 8) : support::endian::read16le(text.data() + 8);
  StringRef header = text.substr(begin, length), descr = valueOf(header, "descr", ",");
  if (valueOf(header, "fortran_order", ",") != "False")
    return refuse("its elements lie with the first dimension fastest");
  NpyArray array;
  descr = descr.trim("'");
  if (!descr.consume_front("<") && !descr.consume_front("|"))
    return refuse("elements '" + descr + "' are not little-endian");
  array.element = descr;
  unsigned bytes = 0;
  if (descr.drop_front().getAsInteger(10, bytes) || !bytes)
    return refuse("elements '" + descr + "' are not read");
  uint64_t total = bytes;
  for (StringRef part : llvm::split(valueOf(header, "shape", ")").drop_front(), ",")) {
    uint64_t size;
    if (part.trim().empty())
      continue;
    if (part.trim().getAsInteger(10, size) || (size && total > UINT64_MAX / size))
      return refuse("its shape is not read");
    array.shape.push_back(size);
    total *= size;
  }
  StringRef data = text.drop_front(std::min(begin + length, text.size()));
  if (data.size() != total)
    return refuse("has " + Twine(data.size()) + " bytes of elements; its shape says " + Twine(total));
  array.bytes.assign(data.begin(), data.end());
  return array;
}
