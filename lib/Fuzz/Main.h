#pragma once
namespace strand {
/// The tool strand-fuzz.
int fuzzMain(int argc, char **argv);
} // namespace strand
