// Threads that compile, call one model at once, each with a state of its own, and one state from two threads.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <strand/strand.hpp>
#include <thread>
using namespace strand;

static std::atomic<int> failures = 0;
static void expect(bool good, const char *what) {
  if (!good)
    std::printf("wrong: %s\n", what), ++failures;
}

/// Logits of the last of `count` calls of one row each, by thread `t`.
static std::vector<float> run(const Model &model, int t, int count, State &state) {
  int64_t vocabulary = model.schema().vocabulary;
  std::vector<float> logits(vocabulary);
  for (int i = 0; i < count; ++i) {
    int32_t token = int32_t((i * 7 + t * 31) % vocabulary);
    model({{&token, {1}}}, {{logits.data(), {1, vocabulary}}}, {{}, &state});
  }
  return logits;
}

static void compileAndCall(int scale) {
  char text[512];
  std::snprintf(text, sizeof text,
                "func.func @f(%%x: tensor<?x4xf32>) -> tensor<?x4xf32> {\n"
                "  %%c = arith.constant %d.0 : f32\n  %%n = tensor.dim %%x, %%i : tensor<?x4xf32>\n"
                "  %%i = arith.constant 0 : index\n"
                "  return %%x : tensor<?x4xf32>\n}\n",
                scale);
  try {
    Model::fromText(text); // %i is used before it is defined
    expect(false, "a module that is wrong compiles");
  } catch (const Error &e) {
    expect(e.code() == STRAND_FAILED_COMPILE && std::strstr(e.what(), "text:3:"), e.what());
  }
  std::snprintf(text, sizeof text,
                "func.func @f(%%x: tensor<?x4xf32>, %%offsets: tensor<?xi32>) -> tensor<?x4xf32> {\n"
                "  %%y = strand.scan rows(%%t = %%x : tensor<?x4xf32>) carry(%%h : tensor<4xf32> = %d.0)\n"
                "       offsets %%offsets : tensor<?xi32> -> tensor<?x4xf32> {\n"
                "    %%0 = arith.addf %%h, %%t : tensor<4xf32>\n"
                "    strand.yield %%0 : tensor<4xf32> next %%0 : tensor<4xf32>\n  }\n"
                "  return %%y : tensor<?x4xf32>\n}\n",
                scale);
  Model f = Model::fromText(text);
  float x[4] = {1, 2, 3, 4}, y[4] = {};
  f({{x, {1, 4}}}, {{y, {1, 4}}});
  expect(y[0] == 1 + scale && y[3] == 4 + scale, "a function of this thread's own");
}

/// A pool of the caller: each region on two threads of its own.
struct OwnPool {
  std::atomic<int64_t> regions = 0, tasks = 0;

  static void run(void *pool, int64_t n, void (*task)(void *, int64_t), void *args) {
    auto *own = static_cast<OwnPool *>(pool);
    ++own->regions;
    std::thread odd([&] {
      for (int64_t i = 1; i < n; i += 2, ++own->tasks)
        task(args, i);
    });
    for (int64_t i = 0; i < n; i += 2, ++own->tasks)
      task(args, i);
    odd.join();
  }
};

static void useOwnPool(const Model &reference, const char *folder) {
  OwnPool pool;
  Context context;
  context.usePool(2, OwnPool::run, &pool);
  Model model = Model::fromFile(folder, "", "", &context);
  std::vector<int32_t> tokens(300, 65);
  int64_t rows = int64_t(tokens.size()), vocabulary = model.schema().vocabulary;
  std::vector<float> own(rows * vocabulary), others(own);
  model({{tokens.data(), {rows}}}, {{own.data(), {rows, vocabulary}}});
  reference({{tokens.data(), {rows}}}, {{others.data(), {rows, vocabulary}}});
  expect(pool.regions > 0 && pool.tasks > 2 * pool.regions - 1, "the caller's threads do the work");
  double worst = 0;
  for (size_t i = 0; i < own.size(); ++i)
    worst = std::max(worst, std::abs(double(own[i]) - others[i]));
  expect(worst < 1e-3, "the same logits on the caller's threads");
}

int main(int, char **argv) {
  constexpr int threads = 6, calls = 40;
  Context context({"--threads=3"});
  Model model = Model::fromFile(argv[1], "", "", &context);
  std::vector<std::vector<float>> alone(threads), together(threads);
  for (int t = 0; t < threads; ++t) {
    State state(model);
    alone[t] = run(model, t, calls, state);
  }
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      State state(model);
      together[t] = run(model, t, calls, state);
    });
  for (int t = 0; t < 2; ++t)
    all.emplace_back(compileAndCall, t + 2);
  for (std::thread &t : all)
    t.join();
  for (int t = 0; t < threads; ++t)
    expect(alone[t] == together[t], "a thread's logits depend on other threads");

  // One state: whoever comes second is refused, and nothing is torn.
  State shared(model);
  std::atomic<int> done = 0;
  std::vector<std::thread> both;
  for (int t = 0; t < 2; ++t)
    both.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i)
        try {
          run(model, t, 1, shared);
          ++done;
        } catch (const Error &e) {
          expect(std::strstr(e.what(), "in use by another thread"), e.what());
        }
    });
  for (std::thread &t : both)
    t.join();
  expect(shared.rows(0) == done, "the rows of calls that were not refused");
  useOwnPool(model, argv[1]);
  std::printf("%s\n", failures ? "wrong" : "threads right");
}
