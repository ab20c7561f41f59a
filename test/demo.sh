#!/bin/sh
# The main job: a trained checkpoint to a native program, and text out of it.
. "$(dirname "$0")/../cmake/build.sh"
"$build/bin/strandc" test/models/hgrn -o "$build/hgrn" --report
echo
"$build/hgrn" generate --prompt '// This pass ' --max-tokens 300
