#!/usr/bin/env bash
# Builds the Docker image buildspec/base:latest from Debian's packages alone,
# so that neither a registry nor an account is needed. Does nothing when the
# engine already has the image that this script would make.
#
#   DEBIAN_SUITE    the release (default: bookworm)
#   DEBIAN_MIRROR   where packages come from (default: http://deb.debian.org/debian)
#
# Exit status: 0 the image is there, 1 building it failed, 3 something that is
# needed is missing (the message names it).
set -euo pipefail

image=buildspec/base:latest
suite=${DEBIAN_SUITE:-bookworm}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
# dash is Debian's /bin/sh and comes with minbase, as do findutils and tar.
packages=bash,busybox,ca-certificates,curl,dash,findutils,git,jq,procps,python3,tar,unzip,zip
label=org.buildspec.recipe

say() { printf 'images/base: %s\n' "$*" >&2; }
missing() {
    say "$@"
    exit 3
}
have() { command -v "$1" >/dev/null 2>&1; }

# Certificates an administrator added to this machine (a company proxy, say)
# must be trusted inside the image too, or nothing there can use HTTPS.
local_certificates() {
    find -L /usr/local/share/ca-certificates -name '*.crt' -type f 2>/dev/null | LC_ALL=C sort
}

sha256() { if have sha256sum; then sha256sum; else shasum -a 256; fi; }

# Everything that decides the image's content: this script, its two settings
# and the certificates.
recipe() {
    {
        printf '%s\n%s\n' "$suite" "$mirror"
        cat "${BASH_SOURCE[0]}"
        local_certificates | while IFS= read -r file; do cat "$file"; done
    } | sha256 | cut -c1-16
}

current() {
    docker image inspect --format "{{ index .Config.Labels \"$label\" }}" "$image" 2>/dev/null || true
}

# Sets `root` to what makes a command run as root: nothing, or sudo.
become_root() {
    root=()
    if [ "$(id -u)" -eq 0 ]; then return 0; fi
    have sudo || return 1
    # Without a terminal sudo must not ask for a password: nobody would answer.
    if [ -t 0 ]; then sudo -v; else sudo -n true 2>/dev/null; fi || return 1
    root=(sudo)
}

install_mmdebstrap() {
    have apt-get || return 1
    become_root || return 1
    say "installing mmdebstrap"
    # The keyring has to be named on Ubuntu, which doesn't trust Debian's keys by itself.
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends
        -y mmdebstrap debian-archive-keyring)
    "${root[@]}" "${install[@]}" >&2 </dev/null ||
        { "${root[@]}" apt-get update -qq >&2 && "${root[@]}" "${install[@]}" >&2 </dev/null; }
}

mirror_answers() {
    local url=$mirror/dists/$suite/InRelease
    if have curl; then
        curl --fail --silent --show-error --location --max-time 30 --output /dev/null "$url" >&2
    elif have wget; then
        wget --quiet --timeout 30 --output-document /dev/null "$url" >&2
    fi
}

# What is left to do inside the new system, whose root folder is $1. This is
# plain sh: mmdebstrap hands its text to sh, perhaps as another user who can't
# read this script. What is only read by people goes, licences stay.
finish() {
    local_certificates | while IFS= read -r file; do
        cp -L "$file" "$1/usr/local/share/ca-certificates/"
    done
    PATH=$PATH:/usr/sbin:/sbin chroot "$1" update-ca-certificates >/dev/null
    find "$1/usr/share/doc" -mindepth 1 ! -type d ! -name copyright -delete
    for folder in usr/share/man usr/share/info usr/share/lintian usr/share/locale \
        var/lib/apt/lists var/cache/apt var/log/apt; do
        if [ -d "$1/$folder" ]; then find "$1/$folder" -mindepth 1 -delete; fi
    done
    rm -f "$1"/var/log/*.log "$1"/var/cache/debconf/*-old
    # An engine makes what a build's volumes are mounted on where it isn't there, for each container.
    mkdir -p "$1/codebuild/output/tmp" "$1/codebuild/readonly" "$1/codebuild/user/bin"
}
hook="set -e; $(declare -f local_certificates finish); finish \"\$1\""

bootstrap_mmdebstrap() { # $1: the tar archive to write
    local options=(--variant=minbase --include="$packages" --format=tar)
    if [ ! -t 2 ]; then options+=(--quiet); fi
    become_root || root=() # as an ordinary user mmdebstrap uses a user namespace
    "${root[@]}" mmdebstrap "${options[@]}" \
        --customize-hook="$hook" \
        "$suite" - "$mirror" >"$1"
}

bootstrap_debootstrap() { # $1: the tar archive to write
    local tree=$work/root
    # It works with device nodes: a folder mounted with nodev won't do, and it says so.
    "${root[@]}" debootstrap --variant=minbase --include="$packages" "$suite" "$tree" "$mirror" >&2
    "${root[@]}" sh -c "$hook" finish "$tree"
    "${root[@]}" tar --create --numeric-owner --one-file-system --directory "$tree" . >"$1"
    "${root[@]}" rm -rf --one-file-system "$tree"
}

have docker || missing "the docker command is missing: install Docker's command-line client (Debian: apt-get install docker.io)"
wanted=$(recipe)
if [ "$(current)" = "$wanted" ]; then exit 0; fi
if ! answer=$(docker version --format '{{.Server.Version}}' 2>&1); then
    missing "no Docker engine answers: $(printf %s "$answer" | tail -n 1)"
fi

# Two checkouts may want the image at the same moment: the second one waits
# and then finds it there.
if have flock; then
    exec 9>"${TMPDIR:-/tmp}/buildspec-base-image.$(id -u).lock"
    flock 9
    if [ "$(current)" = "$wanted" ]; then exit 0; fi
fi

root=()
if have mmdebstrap || { ! have debootstrap && install_mmdebstrap; }; then
    bootstrap=bootstrap_mmdebstrap
elif have debootstrap && become_root; then
    bootstrap=bootstrap_debootstrap
elif have debootstrap; then
    missing "debootstrap needs root: run this as root, or with sudo, or install mmdebstrap"
else
    missing "mmdebstrap is missing and could not be installed: this needs apt-get, and root or sudo (apt-get install mmdebstrap)"
fi
mirror_answers || missing "the mirror $mirror has no $suite, or doesn't answer: set DEBIAN_MIRROR or DEBIAN_SUITE"

say "building $image from $mirror ($suite), about half a minute"
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Into a file first: at the end of a pipe, `docker import` would take half an archive for an image.
$bootstrap "$work/root.tar"
before=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null || true)
docker import \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV LC_CTYPE=C.UTF-8' \
    --change 'CMD ["/bin/bash"]' \
    --change "LABEL $label=$wanted" \
    --change "LABEL org.opencontainers.image.base.name=debian:$suite" \
    "$work/root.tar" "$image" >/dev/null
# The image this one replaces is of no more use, unless a container still has it.
if [ -n "$before" ]; then docker image rm "$before" >/dev/null 2>&1 || true; fi
say "built $image ($(docker image inspect --format '{{.Size}}' "$image" | awk '{ printf "%d MB", $1 / 1000000 }'))"
