#pragma once
namespace strand {
/// The tool strand-bench.
int benchMain(int argc, char **argv);
} // namespace strand
