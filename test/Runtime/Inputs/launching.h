/* What programs that launch kernels by hand begin with. */
#include <stdio.h>
#include <strand/abi.h>

/* Two kernels of any code; the ctx keeps `names`. */
static strand_rt_ctx *openDevice(const char *const names[2]) {
  static const strand_image image = {"sm_90a", STRAND_CUBIN, 1, ""};
  static strand_device_code code;
  code = (strand_device_code){STRAND_ABI_VERSION, 2, names, 1, &image};
  char why[200];
  strand_rt_ctx *ctx = strand_rt_gpu_create(&code, why, sizeof why);
  if (!ctx)
    puts(why);
  return ctx;
}

static void tellProblem(strand_rt_ctx *ctx) {
  if (strand_rt_gpu_status(ctx) != STRAND_OK)
    printf("error: %s\n", strand_rt_gpu_problem(ctx));
}
