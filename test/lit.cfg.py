import os
import platform
import subprocess

import lit.formats

config.name = "strand"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["lit.cfg.py", "Inputs"]
config.test_source_root = os.path.join(config.source, "test")
config.test_exec_root = os.path.join(config.build, "test")
config.environment["PATH"] = os.pathsep.join([config.build + "/bin", config.llvm_bin, os.environ["PATH"]])
config.environment["PYTHONPATH"] = os.pathsep.join([config.source + "/test/oracle", config.source + "/python"])
config.environment["CC"] = config.cc
config.environment["STRAND_LIBRARY"] = config.build + "/lib/libstrand.so"
config.environment["FILECHECK_OPTS"] = "-enable-var-scope --allow-unused-prefixes=false"
# A Python that loads libraries which the compiler made: with sanitizers they need the run-time of those in the process.
config.loading_python = config.python
if config.sanitize:
    config.available_features.add("sanitized")
    runtime = f"libclang_rt.asan-{platform.machine()}.so"
    path = subprocess.run([config.cc, f"-print-file-name={runtime}"], stdout=subprocess.PIPE, text=True).stdout.strip()
    config.loading_python = f"env LD_PRELOAD={path} ASAN_OPTIONS=detect_leaks=0 {config.python}"
shared = os.path.join(os.path.dirname(config.source), "shared")
if os.path.isdir(os.path.join(shared, "checkpoints")):
    config.available_features.add("shared")
sanitizers = f"-fsanitize={config.sanitize} -fno-sanitize-recover=all" if config.sanitize else ""
config.substitutions += [("%{compile}", f"{config.cc} -O1 -g -Wall -Wextra -Werror {sanitizers} -I{config.source}/include"),
                         ("%strand_lib", config.build + "/lib"), ("%strand_include", config.source + "/include"),
                         ("%cc", config.cc), ("%python", config.python), ("%shared", shared),
                         ("%source", config.source),
                         ("%cxx", config.cxx),
                         ("%{corpus_options}", "--sanitized" if config.sanitize else "")]
