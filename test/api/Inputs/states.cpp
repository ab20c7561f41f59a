// A model through strand.hpp: packed rows, cuts, ids, forks, saves, last rows, and errors that are thrown.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <strand/strand.hpp>
using namespace strand;
using Row = std::vector<float>;
// The layout of DLPack 1 on machines of 64 bits.
static_assert(sizeof(strand_tensor) == 48 && offsetof(strand_tensor, element) == 20 &&
              offsetof(strand_tensor, shape) == 24);
static_assert(sizeof(strand_managed_tensor) == 64 && offsetof(strand_managed_tensor, deleter) == 56);
static_assert(sizeof(strand_versioned_tensor) == 80 && offsetof(strand_versioned_tensor, tensor) == 32);

static int failures = 0;
static void expect(bool good, const char *what) {
  if (!good)
    std::printf("wrong: %s\n", what), ++failures;
}

static double distance(const float *a, const float *b, int64_t n) {
  double difference = 0, size = 0;
  for (int64_t i = 0; i < n; ++i)
    difference += (a[i] - b[i]) * double(a[i] - b[i]), size += b[i] * double(b[i]);
  return std::sqrt(difference / size);
}
static constexpr double tolerance = 1e-5;

template <typename F> static void throws(int32_t code, const char *part, F f) {
  try {
    f();
    expect(false, part);
  } catch (const Error &e) {
    expect(e.code() == code && std::strstr(e.what(), part), e.what());
  }
}

int main(int, char **argv) {
  Context context({"--threads=2"});
  Model model = Model::fromFile(argv[1], "", "", &context);
  const int64_t vocabulary = model.schema().vocabulary, n = 50;
  std::vector<int32_t> tokens(n);
  for (int64_t i = 0; i < n; ++i)
    tokens[i] = int32_t((i * 37 + 11) % vocabulary);
  auto run = [&](int64_t first, int64_t rows, CallOptions options, int64_t results) {
    Row logits(results * vocabulary, NAN);
    model({{tokens.data() + first, {rows}}}, {{logits.data(), {results, vocabulary}}}, options);
    return logits;
  };
  Row whole = run(0, n, {}, n);

  State state(model);
  Row cut = run(0, 20, {{}, &state}, 20);
  for (auto [first, rows] : {std::pair(20, 0), {20, 1}, {21, 29}}) {
    Row more = run(first, rows, {{}, &state}, rows);
    cut.insert(cut.end(), more.begin(), more.end());
  }
  expect(distance(cut.data(), whole.data(), n * vocabulary) < tolerance, "cuts give what the whole gives");
  expect(state.rows(0) == n && state.rows(1) == -1, "rows are counted");

  Row last = run(0, n, {{0, 20, 20, n}, nullptr, {}, true}, 3);
  expect(distance(last.data(), &whole[19 * vocabulary], vocabulary) < tolerance, "the last row of a sequence");

  // Sequences 3 and 1 of one state, the second from the middle of another.
  State batch(model, 4), middle(model);
  run(0, 20, {{}, &middle}, 20);
  batch.remove({1});
  expect(batch.append(middle) == std::vector<int32_t>{1}, "a free id is taken again");
  Row packed = run(0, n, {{0, 20, n}, &batch, {3, 1}}, n);
  expect(distance(packed.data() + 20 * vocabulary, &whole[20 * vocabulary], 30 * vocabulary) < tolerance,
         "ids in any order");
  expect(batch.rows(3) == 20 && batch.rows(1) == n && batch.rows(0) == 0, "only those in the call go on");

  State loaded = State::load(model, batch.save({1, 3}));
  expect(loaded.ids() == std::vector<int32_t>({0, 1}) && loaded.rows(0) == n && loaded.rows(1) == 20, "save and load");
  State fork = loaded.fork({1});
  expect(run(20, 30, {{}, &fork}, 30) == run(20, 30, {{0, 0, 30}, &loaded}, 30), "a fork goes on as its origin does");
  expect(loaded.rows(1) == n && fork.rows(0) == n, "each on its own");
  fork.reset();
  expect(fork.rows(0) == 0 && run(0, 20, {{}, &fork}, 20) == run(0, 20, {}, 20), "reset");
  std::vector<int32_t> added = fork.add(5);
  expect(added == std::vector<int32_t>({1, 2, 3, 4, 5}) && fork.rows(0) == 20, "adding keeps what is there");

  std::vector<char> bytes = batch.save(), damaged = bytes;
  damaged[damaged.size() / 2] ^= 1;
  throws(STRAND_FAILED_STATE, "checksum", [&] { State::load(model, damaged); });
  throws(STRAND_FAILED_STATE, "", [&] { State::load(model, std::vector<char>(bytes.begin(), bytes.begin() + 40)); });
  throws(STRAND_FAILED_ARGUMENT, "there is no sequence 9 in the state", [&] { run(0, n, {{0, n}, &batch, {9}}, n); });
  throws(STRAND_FAILED_ARGUMENT, "sequence 1 is named twice", [&] { run(0, n, {{0, 9, n}, &batch, {1, 1}}, n); });
  throws(STRAND_FAILED_ARGUMENT, "the call has 1 sequences and the state 4", [&] { run(0, n, {{}, &batch}, n); });
  throws(STRAND_FAILED_ARGUMENT, "offsets[2] is 5 after 9", [&] { run(0, n, {{0, 9, 5, n}}, n); });
  throws(STRAND_FAILED_ARGUMENT, "offsets end at 49; the inputs have 50 rows", [&] { run(0, n, {{0, 49}}, n); });
  throws(STRAND_FAILED_ARGUMENT, "output 0 ('logits') has 49 rows; 50 are needed", [&] { run(0, n, {}, 49); });
  throws(STRAND_FAILED_ARGUMENT, "sequences", [&] { State(model, -1); });
  throws(STRAND_FAILED_MEMORY, "no memory for the state of", [&] { State(model, 2147483647); });
  expect(batch.save() == bytes, "a refused call leaves the state as it was");
  tokens[7] = int32_t(vocabulary);
  throws(STRAND_FAILED_ARGUMENT, "token 256 in row 7 is not in 0 to 255", [&] { run(0, n, {}, n); });
  throws(STRAND_FAILED_ARGUMENT, "CPU 'abacus' is not known", [&] { Context({"--cpu=abacus"}); });
  for (strand_error *e :
       {strand_model_call(nullptr, nullptr), strand_model_call(model.get(), nullptr),
        strand_state_create(nullptr, 1, nullptr), strand_state_add(nullptr, 1, nullptr),
        strand_state_load(model.get(), nullptr, 5, nullptr),
        strand_state_append(batch.get(), nullptr, nullptr, 0, nullptr),
        strand_compile_file(nullptr, nullptr, nullptr, nullptr, nullptr), strand_context_create(nullptr, 1, nullptr)}) {
    expect(strand_error_code(e) == STRAND_FAILED_ARGUMENT && std::strstr(strand_error_message(e), "is missing"),
           "NULL");
    strand_error_free(e);
  }
  strand_call old{};
  strand_error *e = strand_model_call(model.get(), &old);
  expect(std::strstr(strand_error_message(e), "strand_call.size is 0"), "a call without its size");
  strand_error_free(e);
  std::printf("%s\n", failures ? "wrong" : "states right");
}
