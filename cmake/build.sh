# Sourced by the README's commands. Installs what is missing, configures and builds into $build (default: build).
# Afterwards $python is an interpreter with numpy.
set -eu
cd "$(dirname "$0")/.." # of the script that sources this one, which lies in a folder below the root
build=${build:-build}

packages="cmake ninja-build clang-22 lld-22 llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools libclang-rt-22-dev
          python3 python3-venv libzstd-dev zlib1g-dev"
missing=
for p in $packages; do
  dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
if [ -n "$missing" ]; then
  echo "installing$missing"
  if [ "$(id -u)" = 0 ]; then root=; else root=sudo; fi
  $root apt-get update -qq
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# numpy in an environment of its own: the tests' oracles need it, and the system's Python stays as it is
python=$PWD/$build/venv/bin/python
if ! "$python" -c 'import numpy' 2>/dev/null; then
  /usr/bin/python3 -m venv "$build/venv"
  "$python" -m pip install -q numpy
fi

cmake -G Ninja -B "$build" -DPython3_EXECUTABLE="$python" "$@" >"$build/configure.log" ||
  { cat "$build/configure.log"; exit 1; }
ninja -C "$build" --quiet
