#pragma once
namespace strand {
/// strandc. Exit codes: 0; 1 for what the user can mend; 2 for usage; 70 for a fault of the compiler, also a crash.
int driverMain(int argc, char **argv);
} // namespace strand
