// A checkpoint folder: config.json, and tensors in model.safetensors or in the shards that
// model.safetensors.index.json names.
#pragma once
#include "lib/Import/Config.h"
#include "lib/Import/SafeTensors.h"
#include "lib/Import/WeightSource.h"

namespace strand {

/// An open folder. It owns the mapped files; tensors and strings of the configuration point into
/// them.
class Checkpoint {
public:
  static constexpr size_t maxIndexBytes = 100'000'000;
  /// From tensors to the shards that hold them.
  using WeightMap = std::map<std::string, std::string, std::less<>>;

  /// Opens and checks the folder. Errors: a file is missing, not well formed, or a link that leads
  /// out of the folder; both forms of weights are there; the index and its shards disagree.
  static llvm::Expected<Checkpoint> open(llvm::StringRef folder);

  llvm::StringRef folder() const { return path; }
  Config &config() { return *configuration; }
  /// config.json as it was read.
  llvm::StringRef configText() const { return configFile.text(); }

  /// All names, sorted.
  llvm::SmallVector<llvm::StringRef> names() const;
  /// The tensor, which counts as used from now on; null if there is none.
  const Tensor *lookup(llvm::StringRef name);
  /// The tensor if it is there with this shape. Otherwise null, and an error that finish() gives:
  /// it names the tensor, the shape that was wanted and the one that was found.
  const Tensor *require(llvm::StringRef name, llvm::ArrayRef<int64_t> shape);
  /// The tensor goes to compiled code with this shape, of as many elements as it has.
  void giveAs(llvm::StringRef name, llvm::ArrayRef<int64_t> shape);
  /// The tensors used so far. Copies point into this checkpoint.
  TensorMap used() const;

  /// Hands the used tensors and the files to `weights`, under the names that they have here. Only
  /// tensors of a type that compiled code reads can go; another one, or a name that is taken, is an
  /// error. Pointers from lookup() stay valid as long as both objects live.
  llvm::Error giveTo(WeightSource &weights);

  /// An error of the importer about a tensor: "tensor 'x': <what>".
  void fail(llvm::StringRef name, const llvm::Twine &what);
  /// All errors so far.
  llvm::Error check() const;
  /// All errors, and one for every tensor that nobody used.
  llvm::Error finish() const;

private:
  Checkpoint(std::string path, MappedFile configFile);
  llvm::Error openConfig();
  llvm::Error openWeights();
  llvm::Error openSingle();
  llvm::Error openShards();
  llvm::Error openFile(llvm::StringRef name);
  llvm::Error addShard(llvm::StringRef shard, const WeightMap &weightMap);
  std::string about(llvm::StringRef name, const llvm::Twine &what) const;

  struct Entry {
    const Tensor *tensor;
    std::string file;
    bool used = false;
    std::optional<llvm::SmallVector<int64_t, 4>> givenShape = {}; // where it is not its own
  };
  std::string path;
  MappedFile configFile;
  std::unique_ptr<Config> configuration;
  std::vector<std::unique_ptr<SafeTensorsFile>> files;
  std::map<std::string, Entry, std::less<>> tensors;
  std::vector<std::string> errors;
};

} // namespace strand
