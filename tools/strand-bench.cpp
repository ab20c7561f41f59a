#include "lib/Check/Bench.h"
int main(int argc, char **argv) { return strand::benchMain(argc, argv); }
