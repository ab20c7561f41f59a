// libstrand for C++17: handles that free themselves and errors that are thrown, over strand/strand.h, which says what
// the functions do, who owns what and which threads may call.
#pragma once
#include <memory>
#include <stdexcept>
#include <strand/strand.h>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>
namespace strand {
inline namespace api { // the compiler has names of its own in `strand`, and a program may link both

/// What a function of strand/strand.h gave as its error.
class Error : public std::runtime_error {
public:
  explicit Error(const strand_error *e) : std::runtime_error(strand_error_message(e)), number(strand_error_code(e)) {}
  /// enum strand_failure.
  int32_t code() const { return number; }

private:
  int32_t number;
};

namespace detail {
inline void check(strand_error *e) {
  if (!e)
    return;
  std::unique_ptr<strand_error, decltype(&strand_error_free)> owner(e, strand_error_free);
  throw Error(e);
}
template <typename Handle, void (*release)(Handle *)> struct Release {
  void operator()(Handle *h) const { release(h); }
};
template <typename Handle, void (*release)(Handle *)> using Owner = std::unique_ptr<Handle, Release<Handle, release>>;

template <typename T> constexpr strand_element elementOf() {
  if constexpr (std::is_same_v<T, bool>)
    return {STRAND_CODE_BOOL, 8, 1};
  else if constexpr (std::is_floating_point_v<T>)
    return {STRAND_CODE_FLOAT, 8 * sizeof(T), 1};
  else
    return {uint8_t(std::is_signed_v<T> ? STRAND_CODE_INT : STRAND_CODE_UINT), 8 * sizeof(T), 1};
}
} // namespace detail

/// A view of the caller's numbers, which stay where they are.
class Tensor {
public:
  template <typename T>
  Tensor(T *data, std::vector<int64_t> shape)
      : Tensor(const_cast<std::remove_const_t<T> *>(data), std::move(shape),
               detail::elementOf<std::remove_const_t<T>>()) {}
  /// Of an element type that C++ has no name for, such as bf16.
  Tensor(void *data, std::vector<int64_t> shape, strand_element element)
      : dims(std::move(shape)), view{data, {STRAND_DEVICE_CPU, 0}, int32_t(dims.size()), element, nullptr, nullptr, 0} {
  }

private:
  friend class Model;
  std::vector<int64_t> dims;
  strand_tensor view;
};

class Context {
public:
  explicit Context(const std::vector<std::string> &options = {}) {
    std::vector<const char *> words;
    for (const std::string &o : options)
      words.push_back(o.c_str());
    strand_context *made = nullptr;
    detail::check(strand_context_create(words.data(), int64_t(words.size()), &made));
    handle.reset(made);
  }
  /// Calls then run on `threads` threads of the caller, by `run`.
  void usePool(int32_t threads, strand_run_tasks *run, void *pool) {
    detail::check(strand_context_use_pool(handle.get(), threads, run, pool));
  }
  const strand_context *get() const { return handle.get(); }

private:
  detail::Owner<strand_context, strand_context_free> handle;
};

class State;

/// How the rows of a call are dealt with.
struct CallOptions {
  std::vector<int32_t> offsets = {}; // empty: as the inputs' shape says
  State *state = nullptr;
  std::vector<int32_t> ids = {}; // empty: all of the state
  bool lastRows = false;
};

class Model {
public:
  /// A checkpoint folder or a module. Empty names are as NULL in strand_compile_file.
  static Model fromFile(const std::string &path, const std::string &weights = "", const std::string &function = "",
                        const Context *context = nullptr) {
    strand_model *made = nullptr;
    detail::check(strand_compile_file(of(context), path.c_str(), orNull(weights), orNull(function), &made));
    return Model(made);
  }
  static Model fromText(std::string_view text, const std::string &function = "", const Context *context = nullptr) {
    strand_model *made = nullptr;
    detail::check(
        strand_compile_text(of(context), text.data(), int64_t(text.size()), nullptr, nullptr, orNull(function), &made));
    return Model(made);
  }

  const strand_schema &schema() const { return *strand_model_schema(get()); }
  const strand_model *get() const { return handle.get(); }

  inline void operator()(std::vector<Tensor> inputs, std::vector<Tensor> outputs,
                         const CallOptions &options = {}) const;

private:
  explicit Model(strand_model *made) : handle(made) {}
  static const strand_context *of(const Context *c) { return c ? c->get() : nullptr; }
  static const char *orNull(const std::string &s) { return s.empty() ? nullptr : s.c_str(); }
  detail::Owner<strand_model, strand_model_free> handle;
};

/// Empty lists of ids mean all.
class State {
public:
  explicit State(const Model &model, int64_t sequences = 1) {
    strand_state *made = nullptr;
    detail::check(strand_state_create(model.get(), sequences, &made));
    handle.reset(made);
  }
  static State load(const Model &model, const std::vector<char> &bytes) {
    strand_state *made = nullptr;
    detail::check(strand_state_load(model.get(), bytes.data(), int64_t(bytes.size()), &made));
    return State(made);
  }

  std::vector<char> save(const std::vector<int32_t> &ids = {}) const {
    int64_t needed = 0;
    detail::check(strand_state_save(get(), orNull(ids), int64_t(ids.size()), nullptr, 0, &needed));
    std::vector<char> bytes(needed);
    detail::check(strand_state_save(get(), orNull(ids), int64_t(ids.size()), bytes.data(), needed, &needed));
    return bytes;
  }
  State fork(const std::vector<int32_t> &ids = {}) const {
    strand_state *made = nullptr;
    detail::check(strand_state_fork(get(), orNull(ids), int64_t(ids.size()), &made));
    return State(made);
  }
  std::vector<int32_t> ids() const {
    std::vector<int32_t> all(strand_state_count(get()));
    strand_state_ids(get(), all.data());
    return all;
  }
  std::vector<int32_t> add(int64_t count) {
    std::vector<int32_t> made(count > 0 ? count : 0);
    detail::check(strand_state_add(get(), count, made.data()));
    return made;
  }
  std::vector<int32_t> append(const State &from, const std::vector<int32_t> &ids = {}) {
    std::vector<int32_t> made(ids.empty() ? strand_state_count(from.get()) : int64_t(ids.size()));
    detail::check(strand_state_append(get(), from.get(), orNull(ids), int64_t(ids.size()), made.data()));
    return made;
  }
  void remove(const std::vector<int32_t> &ids) {
    detail::check(strand_state_remove(get(), ids.data(), int64_t(ids.size())));
  }
  void reset(const std::vector<int32_t> &ids = {}) {
    detail::check(strand_state_reset(get(), orNull(ids), int64_t(ids.size())));
  }
  int64_t rows(int32_t id) const { return strand_state_rows(get(), id); }
  strand_state *get() const { return handle.get(); }

private:
  explicit State(strand_state *made) : handle(made) {}
  static const int32_t *orNull(const std::vector<int32_t> &ids) { return ids.empty() ? nullptr : ids.data(); }
  detail::Owner<strand_state, strand_state_free> handle;
};

void Model::operator()(std::vector<Tensor> inputs, std::vector<Tensor> outputs, const CallOptions &options) const {
  std::vector<const strand_tensor *> in;
  std::vector<strand_tensor *> out;
  for (std::vector<Tensor> *list : {&inputs, &outputs})
    for (Tensor &t : *list) {
      t.view.shape = t.dims.data();
      list == &inputs ? in.push_back(&t.view) : out.push_back(&t.view);
    }
  strand_call call{};
  call.size = sizeof call;
  call.state = options.state ? options.state->get() : nullptr;
  call.ids = options.ids.empty() ? nullptr : options.ids.data();
  call.offsets = options.offsets.empty() ? nullptr : options.offsets.data();
  call.sequences = int64_t(options.offsets.size()) - 1;
  call.inputs = in.data();
  call.input_count = int64_t(in.size());
  call.outputs = out.data();
  call.output_count = int64_t(out.size());
  call.flags = options.lastRows ? STRAND_LAST_ROWS : 0;
  detail::check(strand_model_call(get(), &call));
}
} // namespace api
} // namespace strand
