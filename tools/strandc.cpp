#include "lib/Driver/Driver.h"
int main(int argc, char **argv) { return strand::driverMain(argc, argv); }
