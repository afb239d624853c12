#!/usr/bin/env bash
# Builds the Docker image buildspec/standard:latest on top of buildspec/base. Does
# nothing when the engine already has the image that this script would make.
#
# One container and one commit: a Dockerfile's steps cost half a minute each on an
# engine whose storage driver has to compare whole trees.
#
# Exit status: 0 the image is there, 1 building it failed, 3 something that is
# needed is missing (the message names it).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

image=buildspec/standard:latest
label=org.buildspec.recipe

say() { printf 'images/standard: %s\n' "$*" >&2; }
label_of() {
    docker image inspect --format "{{ index .Config.Labels \"$label\" }}" "$1" 2>/dev/null || true
}
sha256() { if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi; }

../base/build.sh

# Everything that decides the image's content: what it stands on, and this folder.
wanted=$({
    label_of buildspec/base
    cat build.sh install.sh dockerd-entrypoint.sh runtimes.yml select-runtime
} | sha256 | cut -c1-16)
if [ "$(label_of "$image")" = "$wanted" ]; then exit 0; fi

# Two checkouts may want the image at the same moment: the second one waits and then finds it there.
if command -v flock >/dev/null 2>&1; then
    exec 9>"${TMPDIR:-/tmp}/buildspec-standard-image.$(id -u).lock"
    flock 9
    if [ "$(label_of "$image")" = "$wanted" ]; then exit 0; fi
fi

say "building $image from Debian's packages and one of PyPI's, a minute or two"
before=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null || true)
container=$(docker create --label "$label=$wanted" buildspec/base sh -eu /recipe/install.sh)
trap 'docker rm -f "$container" >/dev/null' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# Copied, since an engine elsewhere has no part of this folder.
docker cp . "$container:/recipe"
docker start --attach "$container" >&2
docker commit \
    --change 'ENV NODE_18_VERSION=18 NODE_24_VERSION=24 PYTHON_39_VERSION=3.9 PYTHON_311_VERSION=3.11' \
    --change 'ENTRYPOINT ["/usr/local/bin/dockerd-entrypoint.sh"]' \
    --change 'CMD ["/bin/bash"]' \
    --change "LABEL $label=$wanted" \
    "$container" "$image" >/dev/null
# The image this one replaces is of no more use, unless a container still has it.
if [ -n "$before" ]; then docker image rm "$before" >/dev/null 2>&1 || true; fi
say "built $image in $SECONDS s ($(docker image inspect --format '{{.Size}}' "$image" | awk '{ printf "%d MB", $1 / 1000000 }'))"
