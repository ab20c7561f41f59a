#include "lib/Fuzz/Main.h"
int main(int argc, char **argv) { return strand::fuzzMain(argc, argv); }
