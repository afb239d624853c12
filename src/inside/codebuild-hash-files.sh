#!/bin/sh
# codebuild-hash-files GLOB...: one SHA-256 over the matching files of the source directory, their names and contents.
# The patterns are those of codebuild-glob-search; nothing is printed where no file matches.
if [ $# = 0 ]; then
    echo "usage: codebuild-hash-files GLOB..." >&2
    exit 2
fi
if command -v sha256sum >/dev/null 2>&1; then
    digest() { sha256sum; }
elif command -v shasum >/dev/null 2>&1; then
    digest() { shasum -a 256; }
elif command -v openssl >/dev/null 2>&1; then
    digest() { openssl dgst -sha256 -r; }
else
    echo "codebuild-hash-files: the image has no sha256sum, shasum or openssl" >&2
    exit 127
fi
cd "${CODEBUILD_SRC_DIR:-.}" || exit 1
files=$("${0%/*}/codebuild-glob-search" "$@") || exit
[ -n "$files" ] || exit 0
sums=$(printf '%s\n' "$files" | while IFS= read -r file; do
    printf '%s %s\n' "$(digest <"$file" | cut -c 1-64)" "$file"
done)
printf '%s\n' "$sums" | digest | cut -c 1-64
