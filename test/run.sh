#!/bin/sh
# All tests.
. "$(dirname "$0")/../cmake/build.sh"
ninja -C "$build" check
