#!/usr/bin/env bash
# A verdict on every buildspec of a folder with real ones, as counts in docs/corpus.md. No text of theirs is kept.
#
#   scripts/corpus.sh [BINARY]     the folder is $BUILDSPEC_CORPUS, by default ../shared/corpus
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

binary=${1:-${CARGO_TARGET_DIR:-target}/release/buildspec}
corpus=${BUILDSPEC_CORPUS:-../shared/corpus}
if [ ! -d "$corpus/buildspecs" ]; then
    printf '\n*** NOT DONE: make corpus: there is no folder %s/buildspecs ***\n\n' "$corpus" >&2
    exit 0
fi

findings=$(mktemp)
trap 'rm -f "$findings"' EXIT
binary=$(realpath "$binary")
(cd "$corpus/buildspecs" && find . -maxdepth 1 -type f -printf '%P\0' | sort -z |
    xargs -0 -x "$binary" validate --shellcheck never --format json --fail-on never) >"$findings"
python3 scripts/corpus.py "$findings" "$corpus" >docs/corpus.md
echo "docs/corpus.md is written" >&2
