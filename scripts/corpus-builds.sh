#!/usr/bin/env bash
# Runs the buildspecs of a folder with real ones, with stand-ins for their tools, and real logs' commands beside the logs.
#
#   scripts/corpus-builds.sh [BINARY] [COMPARE]     the folder is $BUILDSPEC_CORPUS, by default ../shared/corpus
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-target}
binary=${1:-$target/release/buildspec}
compare=${2:-$target/release/examples/compare}
corpus=${BUILDSPEC_CORPUS:-../shared/corpus}
skip() {
    printf '\n*** NOT DONE: make corpus, builds: %s ***\n\n' "$1" >&2
    exit 0
}
[ -d "$corpus/buildspecs" ] || skip "there is no folder $corpus/buildspecs"
docker version >/dev/null 2>&1 || skip "no Docker engine answers"
python3 -c 'import yaml' 2>/dev/null || skip "python3 lacks yaml (Debian: python3-yaml)"
images/base/build.sh

python3 scripts/corpus_logs.py "$(realpath "$binary")" "$(realpath "$compare")" "$corpus"
python3 scripts/corpus_run.py "$binary" "$corpus"
