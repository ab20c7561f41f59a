// Threads that compile, call one model at once, each with a state of its own, and one state from two threads.
#include <atomic>
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
  std::printf("%s\n", failures ? "wrong" : "threads right");
}
