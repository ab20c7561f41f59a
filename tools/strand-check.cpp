#include "lib/Check/Check.h"
int main(int argc, char **argv) { return strand::checkMain(argc, argv); }
