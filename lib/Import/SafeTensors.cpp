#include "lib/Import/SafeTensors.h"
#include "lib/Import/Diagnose.h"
#include "lib/Import/Json.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace strand {
namespace {
struct DTypeRow {
  DType dtype;
  llvm::StringRef name;
  int64_t bytes;
};
constexpr DTypeRow dtypes[] = {
    {DType::Bool, "BOOL", 1},      {DType::U8, "U8", 1},          {DType::I8, "I8", 1},
    {DType::F8E4M3, "F8_E4M3", 1}, {DType::F8E5M2, "F8_E5M2", 1}, {DType::F8E8M0, "F8_E8M0", 1},
    {DType::U16, "U16", 2},        {DType::I16, "I16", 2},        {DType::F16, "F16", 2},
    {DType::BF16, "BF16", 2},      {DType::U32, "U32", 4},        {DType::I32, "I32", 4},
    {DType::F32, "F32", 4},        {DType::U64, "U64", 8},        {DType::I64, "I64", 8},
    {DType::F64, "F64", 8},
};

const DTypeRow &rowOf(DType dtype) {
  return *llvm::find_if(dtypes, [&](const DTypeRow &row) { return row.dtype == dtype; });
}

constexpr size_t lengthBytes = 8;
constexpr llvm::StringRef metadataKey = "__metadata__";
} // namespace

llvm::StringRef dtypeName(DType dtype) { return rowOf(dtype).name; }
int64_t dtypeBytes(DType dtype) { return rowOf(dtype).bytes; }

std::optional<DType> dtypeNamed(llvm::StringRef name) {
  for (const DTypeRow &row : dtypes)
    if (row.name == name)
      return row.dtype;
  return std::nullopt;
}

std::optional<int64_t> tensorBytes(llvm::ArrayRef<int64_t> shape, DType dtype) {
  int64_t product = dtypeBytes(dtype);
  for (int64_t extent : shape)
    if (extent < 0 || llvm::MulOverflow(product, std::max<int64_t>(extent, 1), product))
      return std::nullopt;
  return llvm::is_contained(shape, 0) ? 0 : product;
}

//===-------------------------------------------------------------------------------------------===//
// Reading: length, header, entries one by one, then all ranges together.
//===-------------------------------------------------------------------------------------------===//

namespace {
class HeaderReader {
public:
  HeaderReader(llvm::StringRef path, llvm::ArrayRef<uint8_t> bytes) : path(path), bytes(bytes) {}

  llvm::Expected<TensorMap> read() {
    if (llvm::Error error = splitFile())
      return error;
    JsonDocument header;
    if (auto problem = header.parse(headerText))
      return fail("header, byte " + llvm::Twine(problem->offset) + ": " + problem->what);
    TensorMap tensors;
    for (const JsonMember &member : header.root().members())
      if (llvm::Error error = addMember(member, tensors))
        return error;
    if (llvm::Error error = checkRanges())
      return error;
    return tensors;
  }

private:
  llvm::Error fail(const llvm::Twine &what) { return importError(messageAt(path, what)); }

  llvm::Error fail(llvm::StringRef tensor, const llvm::Twine &what) {
    return fail("tensor " + quoted(tensor) + ": " + what);
  }

  llvm::Error splitFile() {
    if (bytes.size() < lengthBytes)
      return fail("the file has " + llvm::Twine(bytes.size()) +
                  " bytes; 8 of header length are wanted");
    uint64_t length = llvm::support::endian::read64le(bytes.data());
    uint64_t rest = bytes.size() - lengthBytes;
    if (length > SafeTensorsFile::maxHeaderBytes)
      return fail("header length is " + llvm::Twine(length) + "; the limit is " +
                  llvm::Twine(SafeTensorsFile::maxHeaderBytes));
    if (length > rest)
      return fail("header length is " + llvm::Twine(length) + ", but the file has only " +
                  llvm::Twine(rest) + " bytes after it");
    headerText = {reinterpret_cast<const char *>(bytes.data()) + lengthBytes, length};
    buffer = bytes.drop_front(lengthBytes + length);
    if (!headerText.starts_with("{"))
      return fail("the header, of length " + llvm::Twine(length) + ", does not begin with '{'");
    return llvm::Error::success();
  }

  llvm::Error addMember(const JsonMember &member, TensorMap &tensors) {
    if (member.key == metadataKey)
      return checkMetadata(member.value);
    if (member.key.empty() || member.key.size() > SafeTensorsFile::maxNameBytes ||
        llvm::any_of(member.key, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
      return fail(member.key, "a name is 1 to " + llvm::Twine(SafeTensorsFile::maxNameBytes) +
                                  " bytes without control characters");
    llvm::Expected<Tensor> tensor = readTensor(member);
    if (!tensor)
      return tensor.takeError();
    tensors.emplace(member.key.str(), std::move(*tensor));
    return llvm::Error::success();
  }

  llvm::Error checkMetadata(const JsonValue &metadata) {
    if (metadata.kind != JsonKind::Object)
      return fail("'__metadata__' is " + jsonKindName(metadata.kind) + "; an object is wanted");
    for (const JsonMember &member : metadata.members())
      if (member.value.kind != JsonKind::String)
        return fail("'__metadata__': key " + quoted(member.key) + " is " +
                    jsonKindName(member.value.kind) + "; a string is wanted");
    return llvm::Error::success();
  }

  llvm::Expected<Tensor> readTensor(const JsonMember &member) {
    llvm::StringRef name = member.key;
    if (member.value.kind != JsonKind::Object)
      return fail(name, "is " + jsonKindName(member.value.kind) + "; an object is wanted");
    for (const JsonMember &entry : member.value.members())
      if (entry.key != "dtype" && entry.key != "shape" && entry.key != "data_offsets")
        return fail(name, "key " + quoted(entry.key) + " is not one of the format");
    Tensor tensor;
    if (llvm::Error error = readDType(name, member.value, tensor))
      return error;
    if (llvm::Error error = readShape(name, member.value, tensor))
      return error;
    if (llvm::Error error = readRange(name, member.value, tensor))
      return error;
    return tensor;
  }

  llvm::Expected<const JsonValue *> entryOf(llvm::StringRef name, const JsonValue &object,
                                            llvm::StringRef key, JsonKind kind) {
    const JsonValue *value = object.find(key);
    if (!value)
      return fail(name, "key '" + key + "' is missing");
    if (value->kind != kind)
      return fail(name, "key '" + key + "' is " + jsonKindName(value->kind) + "; " +
                            jsonKindName(kind) + " is wanted");
    return value;
  }

  llvm::Error readDType(llvm::StringRef name, const JsonValue &object, Tensor &tensor) {
    auto value = entryOf(name, object, "dtype", JsonKind::String);
    if (!value)
      return value.takeError();
    std::optional<DType> dtype = dtypeNamed((*value)->text());
    if (!dtype)
      return fail(name, "key 'dtype' is " + quoted((*value)->text()) + "; supported are " +
                            llvm::join(llvm::map_range(dtypes, [](const DTypeRow &row) {
                              return row.name;
                            }), ", "));
    tensor.dtype = *dtype;
    return llvm::Error::success();
  }

  /// An entry of `shape` or `data_offsets`.
  llvm::Expected<int64_t> readCount(llvm::StringRef name, llvm::StringRef key,
                                    const JsonValue &item) {
    std::optional<int64_t> count = item.asInt();
    if (item.kind != JsonKind::Int)
      return fail(name, "key '" + key + "' holds " + jsonKindName(item.kind) +
                            "; integers are wanted");
    if (!count || *count < 0)
      return fail(name, "key '" + key + "' holds " + item.text() + ", outside 0 to 2^63 - 1");
    return *count;
  }

  llvm::Error readShape(llvm::StringRef name, const JsonValue &object, Tensor &tensor) {
    auto value = entryOf(name, object, "shape", JsonKind::List);
    if (!value)
      return value.takeError();
    llvm::ArrayRef<JsonValue> items = (*value)->items();
    if (items.size() > SafeTensorsFile::maxRank)
      return fail(name, "key 'shape' has " + llvm::Twine(items.size()) + " entries; the limit is " +
                            llvm::Twine(SafeTensorsFile::maxRank));
    for (const JsonValue &item : items) {
      llvm::Expected<int64_t> extent = readCount(name, "shape", item);
      if (!extent)
        return extent.takeError();
      tensor.shape.push_back(*extent);
    }
    return llvm::Error::success();
  }

  llvm::Error readRange(llvm::StringRef name, const JsonValue &object, Tensor &tensor) {
    auto value = entryOf(name, object, "data_offsets", JsonKind::List);
    if (!value)
      return value.takeError();
    llvm::ArrayRef<JsonValue> items = (*value)->items();
    if (items.size() != 2)
      return fail(name, "key 'data_offsets' has " + llvm::Twine(items.size()) +
                            " entries; 2 are wanted");
    llvm::Expected<int64_t> begin = readCount(name, "data_offsets", items[0]);
    if (!begin)
      return begin.takeError();
    llvm::Expected<int64_t> end = readCount(name, "data_offsets", items[1]);
    if (!end)
      return end.takeError();
    return takeRange(name, *begin, *end, tensor);
  }

  llvm::Error takeRange(llvm::StringRef name, uint64_t begin, uint64_t end, Tensor &tensor) {
    std::string range = "'data_offsets' [" + std::to_string(begin) + ", " + std::to_string(end) + "]";
    if (begin > end)
      return fail(name, range + " end before they begin");
    if (end > buffer.size())
      return fail(name, range + " reach beyond the " + llvm::Twine(buffer.size()) +
                            " bytes after the header");
    std::optional<int64_t> size = tensorBytes(tensor.shape, tensor.dtype);
    std::string kind = (dtypeName(tensor.dtype) + " of 'shape' " + shapeText(tensor.shape)).str();
    if (!size)
      return fail(name, kind + " has more than 2^63 - 1 bytes");
    if (static_cast<uint64_t>(*size) != end - begin)
      return fail(name, range + " hold " + llvm::Twine(end - begin) + " bytes, but " + kind +
                            " has " + llvm::Twine(*size));
    tensor.bytes = buffer.slice(begin, end - begin);
    ranges.push_back({begin, end, name});
    return llvm::Error::success();
  }

  /// Sorted, every range must begin where the one before ends, and the last end with the file.
  llvm::Error checkRanges() {
    llvm::sort(ranges, [](const Range &a, const Range &b) {
      return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    uint64_t expected = 0;
    llvm::StringRef before;
    for (const Range &range : ranges) {
      if (range.begin < expected)
        return fail(range.name, "'data_offsets' [" + llvm::Twine(range.begin) + ", " +
                                    llvm::Twine(range.end) + "] overlap tensor " + quoted(before) +
                                    ", which ends at " + llvm::Twine(expected));
      if (range.begin > expected)
        return fail(range.name, "'data_offsets' begin at " + llvm::Twine(range.begin) +
                                    ", but bytes from " + llvm::Twine(expected) +
                                    " on belong to no tensor");
      expected = range.end;
      before = range.name;
    }
    if (expected != buffer.size())
      return fail("the tensors end at byte " + llvm::Twine(expected) + " of the " +
                  llvm::Twine(buffer.size()) + " after the header");
    return llvm::Error::success();
  }

  struct Range {
    uint64_t begin, end;
    llvm::StringRef name;
  };
  llvm::StringRef path;
  llvm::ArrayRef<uint8_t> bytes, buffer;
  llvm::StringRef headerText;
  std::vector<Range> ranges;
};
} // namespace

llvm::Expected<SafeTensorsFile> SafeTensorsFile::open(llvm::StringRef path) {
  llvm::Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  return open(std::move(*file), path);
}

llvm::Expected<SafeTensorsFile> SafeTensorsFile::open(MappedFile file, llvm::StringRef path) {
  llvm::Expected<TensorMap> tensors = HeaderReader(path, file.bytes()).read();
  if (!tensors)
    return tensors.takeError();
  SafeTensorsFile result(std::move(file));
  result.byName = std::move(*tensors);
  return result;
}

//===-------------------------------------------------------------------------------------------===//
// Writing
//===-------------------------------------------------------------------------------------------===//

namespace {
using Named = TensorMap::value_type;

llvm::Error checkWritable(llvm::StringRef path, const TensorMap &tensors) {
  for (const auto &[name, tensor] : tensors) {
    std::optional<int64_t> size = tensorBytes(tensor.shape, tensor.dtype);
    if (!size || static_cast<uint64_t>(*size) != tensor.bytes.size())
      return importError(messageAt(path, "tensor " + quoted(name) + " has " +
                                             llvm::Twine(tensor.bytes.size()) + " bytes, not those of " +
                                             dtypeName(tensor.dtype) + " " + shapeText(tensor.shape)));
    if (name.empty() || name == metadataKey || !llvm::json::isUTF8(name))
      return importError(messageAt(path, quoted(name) + " cannot be the name of a tensor"));
  }
  return llvm::Error::success();
}

std::vector<const Named *> orderOfStorage(const TensorMap &tensors) {
  std::vector<const Named *> order;
  for (const Named &named : tensors)
    order.push_back(&named);
  llvm::sort(order, [](const Named *a, const Named *b) {
    int64_t widthA = dtypeBytes(a->second.dtype), widthB = dtypeBytes(b->second.dtype);
    return widthA != widthB ? widthA > widthB : a->first < b->first;
  });
  return order;
}

/// The JSON text, padded with spaces so that what follows it in the file is aligned to 64 bytes.
std::string headerOf(llvm::ArrayRef<const Named *> order) {
  std::string header;
  llvm::raw_string_ostream out(header);
  llvm::json::OStream json(out);
  json.object([&] {
    int64_t begin = 0;
    for (const Named *named : order) {
      const Tensor &tensor = named->second;
      int64_t end = begin + tensor.bytes.size();
      json.attributeObject(named->first, [&] {
        json.attribute("dtype", dtypeName(tensor.dtype));
        json.attributeArray("shape", [&] { llvm::for_each(tensor.shape, [&](int64_t n) { json.value(n); }); });
        json.attributeArray("data_offsets", [&] { json.value(begin); json.value(end); });
      });
      begin = end;
    }
  });
  header.resize(llvm::alignTo(lengthBytes + header.size(), 64) - lengthBytes, ' ');
  return header;
}

void writeFile(llvm::raw_ostream &out, llvm::ArrayRef<const Named *> order) {
  std::string header = headerOf(order);
  char length[lengthBytes];
  llvm::support::endian::write64le(length, header.size());
  out.write(length, lengthBytes);
  out << header;
  for (const Named *named : order)
    out << llvm::toStringRef(named->second.bytes);
}
} // namespace

llvm::Error writeSafeTensors(llvm::StringRef path, const TensorMap &tensors) {
  if (llvm::Error error = checkWritable(path, tensors))
    return error;
  auto cannotWrite = [&](llvm::Error error) {
    return importError(messageAt(path, "cannot be written: " + llvm::toString(std::move(error))));
  };
  auto file = llvm::sys::fs::TempFile::create(path + ".%%%%%%%%.tmp");
  if (!file)
    return cannotWrite(file.takeError());
  llvm::raw_fd_ostream out(file->FD, /*shouldClose=*/false);
  writeFile(out, orderOfStorage(tensors));
  out.flush();
  if (std::error_code code = out.error()) {
    out.clear_error();
    llvm::consumeError(file->discard());
    return cannotWrite(llvm::errorCodeToError(code));
  }
  if (llvm::Error error = file->keep(path))
    return cannotWrite(llvm::joinErrors(std::move(error), file->discard()));
  return llvm::Error::success();
}

} // namespace strand
