#include "lib/Import/Checkpoint.h"
#include "lib/Import/Diagnose.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <set>

namespace strand {
namespace {
constexpr llvm::StringRef configName = "config.json";
constexpr llvm::StringRef singleName = "model.safetensors";
constexpr llvm::StringRef indexName = "model.safetensors.index.json";

std::string fileIn(llvm::StringRef folder, llvm::StringRef name) {
  llvm::SmallString<256> file(folder);
  llvm::sys::path::append(file, name);
  return std::string(file);
}

/// Also true for a link that leads nowhere, which is then an error when it is opened.
bool isThere(const std::string &file) {
  llvm::sys::fs::file_status status;
  return !llvm::sys::fs::status(file, status, /*follow=*/false);
}

std::string typeText(const Tensor &tensor) {
  return (dtypeName(tensor.dtype) + " " + shapeText(tensor.shape)).str();
}

/// Reads model.safetensors.index.json.
class IndexReader {
public:
  IndexReader(std::string file, llvm::StringRef text) : file(std::move(file)), text(text) {}

  llvm::Expected<Checkpoint::WeightMap> read() {
    if (text.size() > Checkpoint::maxIndexBytes)
      return importError(messageAt(file, "has " + llvm::Twine(text.size()) + " bytes; the limit is " +
                                             llvm::Twine(Checkpoint::maxIndexBytes)));
    JsonDocument index;
    if (auto problem = index.parse(text))
      return fail(problem->offset, problem->what);
    if (index.root().kind != JsonKind::Object)
      return fail(0, "the text is " + jsonKindName(index.root().kind) + "; an object is wanted");
    // `metadata` counts parameters and bytes for people; writers disagree about what counts.
    for (const JsonMember &member : index.root().members())
      if (member.key != "weight_map" && member.key != "metadata")
        return fail(member.keyOffset, "key " + quoted(member.key) + " is not understood");
    const JsonValue *weightMap = index.root().find("weight_map");
    if (!weightMap)
      return fail(0, "key 'weight_map' is missing");
    return readMap(*weightMap);
  }

private:
  llvm::Error fail(size_t offset, const llvm::Twine &what) {
    return importError(messageAt(file, text, offset, what));
  }

  llvm::Expected<Checkpoint::WeightMap> readMap(const JsonValue &value) {
    if (value.kind != JsonKind::Object)
      return fail(value.offset, "key 'weight_map' is " + jsonKindName(value.kind) +
                                    "; an object from tensors to files is wanted");
    if (value.members().empty())
      return fail(value.offset, "key 'weight_map' is empty");
    Checkpoint::WeightMap result;
    for (const JsonMember &member : value.members()) {
      if (member.value.kind != JsonKind::String)
        return fail(member.value.offset, "the place of tensor " + quoted(member.key) + " is " +
                                             jsonKindName(member.value.kind) +
                                             "; the name of a file is wanted");
      if (!isPlainFileName(member.value.text()))
        return fail(member.value.offset, "the place of tensor " + quoted(member.key) + " is " +
                                             quoted(member.value.text()) +
                                             ", which is not a plain file name in the folder");
      result.emplace(member.key, member.value.text());
    }
    return result;
  }

  std::string file;
  llvm::StringRef text;
};

/// The type under which compiled code reads a weight.
std::optional<strand_type> storageType(DType dtype) {
  switch (dtype) {
  case DType::F32: return STRAND_F32;
  case DType::BF16: return STRAND_BF16;
  case DType::F16: return STRAND_F16;
  case DType::I32: return STRAND_I32;
  case DType::I64: return STRAND_I64;
  case DType::F64: return STRAND_F64;
  case DType::I8: return STRAND_I8;
  default: return std::nullopt;
  }
}
} // namespace

//===-------------------------------------------------------------------------------------------===//
// Opening
//===-------------------------------------------------------------------------------------------===//

Checkpoint::Checkpoint(std::string path, MappedFile configFile)
    : path(std::move(path)), configFile(std::move(configFile)) {}

llvm::Expected<Checkpoint> Checkpoint::open(llvm::StringRef folder) {
  llvm::sys::fs::file_status status;
  if (std::error_code code = llvm::sys::fs::status(folder, status))
    return importError(messageAt(folder, "cannot be opened: " + code.message()));
  if (!llvm::sys::fs::is_directory(status))
    return importError(messageAt(folder, "is not a folder"));
  llvm::Expected<MappedFile> configFile = MappedFile::openInside(folder, configName);
  if (!configFile)
    return configFile.takeError();
  Checkpoint checkpoint(folder.str(), std::move(*configFile));
  if (llvm::Error error = checkpoint.openConfig())
    return error;
  if (llvm::Error error = checkpoint.openWeights())
    return error;
  return checkpoint;
}

llvm::Error Checkpoint::openConfig() {
  auto parsed = Config::parse(configFile.text(), fileIn(path, configName));
  if (!parsed)
    return parsed.takeError();
  configuration = std::move(*parsed);
  return llvm::Error::success();
}

llvm::Error Checkpoint::openWeights() {
  bool single = isThere(fileIn(path, singleName)), index = isThere(fileIn(path, indexName));
  if (single && index)
    return importError(messageAt(path, "holds both " + singleName + " and " + indexName +
                                           "; remove the one that is not meant"));
  if (!single && !index)
    return importError(messageAt(path, "holds neither " + singleName + " nor " + indexName));
  return single ? openSingle() : openShards();
}

llvm::Error Checkpoint::openFile(llvm::StringRef name) {
  llvm::Expected<MappedFile> mapped = MappedFile::openInside(path, name);
  if (!mapped)
    return mapped.takeError();
  auto file = SafeTensorsFile::open(std::move(*mapped), fileIn(path, name));
  if (!file)
    return file.takeError();
  files.push_back(std::make_unique<SafeTensorsFile>(std::move(*file)));
  return llvm::Error::success();
}

llvm::Error Checkpoint::openSingle() {
  if (llvm::Error error = openFile(singleName))
    return error;
  for (const auto &[name, tensor] : files.back()->tensors())
    tensors.emplace(name, Entry{&tensor, singleName.str()});
  return llvm::Error::success();
}

llvm::Error Checkpoint::openShards() {
  llvm::Expected<MappedFile> index = MappedFile::openInside(path, indexName);
  if (!index)
    return index.takeError();
  llvm::Expected<WeightMap> weightMap = IndexReader(fileIn(path, indexName), index->text()).read();
  if (!weightMap)
    return weightMap.takeError();
  std::set<llvm::StringRef> shards;
  for (const auto &[name, shard] : *weightMap)
    shards.insert(shard);
  for (llvm::StringRef shard : shards)
    if (llvm::Error error = addShard(shard, *weightMap))
      return error;
  for (const auto &[name, shard] : *weightMap)
    if (!tensors.contains(name))
      return importError(messageAt(fileIn(path, shard), "tensor " + quoted(name) +
                                   " is missing; " + indexName + " places it here"));
  return llvm::Error::success();
}

/// Every tensor of the shard must be one that the index places there, so none is in two shards.
llvm::Error Checkpoint::addShard(llvm::StringRef shard, const WeightMap &weightMap) {
  if (llvm::Error error = openFile(shard))
    return error;
  for (const auto &[name, tensor] : files.back()->tensors()) {
    auto place = weightMap.find(name);
    if (place == weightMap.end() || place->second != shard)
      return importError(messageAt(fileIn(path, shard), "tensor " + quoted(name) + " is here, but " +
                                   indexName + " places it " +
                                   (place == weightMap.end() ? "nowhere" : "in " + quoted(place->second))));
    tensors.emplace(name, Entry{&tensor, shard.str()});
  }
  return llvm::Error::success();
}

//===-------------------------------------------------------------------------------------------===//
// What an importer asks
//===-------------------------------------------------------------------------------------------===//

llvm::SmallVector<llvm::StringRef> Checkpoint::names() const {
  return llvm::to_vector_of<llvm::StringRef>(llvm::make_first_range(tensors));
}

const Tensor *Checkpoint::lookup(llvm::StringRef name) {
  auto found = tensors.find(std::string_view(name));
  if (found == tensors.end())
    return nullptr;
  found->second.used = true;
  return found->second.tensor;
}

const Tensor *Checkpoint::require(llvm::StringRef name, llvm::ArrayRef<int64_t> shape) {
  const Tensor *tensor = lookup(name);
  if (!tensor)
    errors.push_back(messageAt(path, "tensor " + quoted(name) + " is missing; the configuration wants it with shape " +
                                         shapeText(shape)));
  else if (tensor->shape == shape)
    return tensor;
  else
    fail(name, "its shape is " + shapeText(tensor->shape) + "; the configuration wants " + shapeText(shape));
  return nullptr;
}

void Checkpoint::giveAs(llvm::StringRef name, llvm::ArrayRef<int64_t> shape) {
  if (auto found = tensors.find(std::string_view(name)); found != tensors.end())
    found->second.givenShape.emplace(shape);
}

TensorMap Checkpoint::used() const {
  TensorMap result;
  for (const auto &[name, entry] : tensors)
    if (entry.used)
      result.emplace(name, *entry.tensor);
  return result;
}

llvm::Error Checkpoint::giveTo(WeightSource &weights) {
  for (const auto &[name, entry] : tensors) {
    if (!entry.used)
      continue;
    const Tensor &tensor = *entry.tensor;
    std::optional<strand_type> type = storageType(tensor.dtype);
    if (!type)
      return importError(about(name, "compiled code does not read " + dtypeName(tensor.dtype)));
    llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(tensor.bytes.data()), tensor.bytes.size());
    if (!weights.add(name, {*type, entry.givenShape.value_or(tensor.shape), bytes}))
      return importError(about(name, "the name is taken"));
  }
  for (auto &file : files)
    weights.keep(file->releaseFile());
  return llvm::Error::success();
}

std::string Checkpoint::about(llvm::StringRef name, const llvm::Twine &what) const {
  auto found = tensors.find(std::string_view(name));
  std::string file = found == tensors.end() ? path : fileIn(path, found->second.file);
  return messageAt(file, "tensor " + quoted(name) + ": " + what);
}

void Checkpoint::fail(llvm::StringRef name, const llvm::Twine &what) {
  errors.push_back(about(name, what));
}

llvm::Error Checkpoint::check() const { return importErrors(errors); }

llvm::Error Checkpoint::finish() const {
  std::vector<std::string> messages = errors;
  for (const auto &[name, entry] : tensors)
    if (!entry.used)
      messages.push_back(about(name, typeText(*entry.tensor) + " is not used by a model of this configuration"));
  return importErrors(messages);
}

} // namespace strand
