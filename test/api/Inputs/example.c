/* A recurrence compiled and called in another program, in 30 lines: h[t] = a[t] * h[t-1] + x[t]. */
#include <stdio.h>
#include <strand/strand.h>

static const char text[] =
    "func.func @decay(%x: tensor<?x2xf32>, %a: tensor<?x2xf32>, %offsets: tensor<?xi32>) -> tensor<?x2xf32> {\n"
    "  %y = strand.scan rows(%xt = %x : tensor<?x2xf32>, %at = %a : tensor<?x2xf32>) carry(%h : tensor<2xf32>)\n"
    "       offsets %offsets : tensor<?xi32> -> tensor<?x2xf32> {\n"
    "    %0 = arith.mulf %at, %h : tensor<2xf32>\n"
    "    %1 = arith.addf %0, %xt : tensor<2xf32>\n"
    "    strand.yield %1 : tensor<2xf32> next %1 : tensor<2xf32>\n"
    "  }\n  return %y : tensor<?x2xf32>\n}\n";

int main(void) {
  float x[3][2] = {{1, 2}, {3, 4}, {5, 6}}, a[3][2] = {{.5, .5}, {.5, .5}, {.5, 1}}, y[3][2];
  int64_t shape[] = {3, 2};
  strand_tensor of_x = {x, {STRAND_DEVICE_CPU, 0}, 2, {STRAND_CODE_FLOAT, 32, 1}, shape, NULL, 0};
  strand_tensor of_a = of_x, of_y = of_x;
  of_a.data = a, of_y.data = y;
  const strand_tensor *inputs[] = {&of_x, &of_a};
  strand_tensor *outputs[] = {&of_y};
  int32_t offsets[] = {0, 1, 3}; /* two sequences: row 0, rows 1 and 2 */
  strand_call call = {sizeof call, NULL, NULL, offsets, 2, inputs, 2, outputs, 1, 0};
  strand_model *model = NULL;
  strand_error *error = strand_compile_text(NULL, text, sizeof text - 1, "decay", NULL, NULL, &model);
  if (!error)
    error = strand_model_call(model, &call);
  if (error)
    return fprintf(stderr, "%s\n", strand_error_message(error)), strand_error_free(error), 1;
  printf("%g %g, %g %g, %g %g\n", y[0][0], y[0][1], y[1][0], y[1][1], y[2][0], y[2][1]);
  strand_model_free(model);
  return 0;
}
