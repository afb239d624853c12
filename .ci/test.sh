#!/usr/bin/env bash
# `make test`: formatting, lints, then all tests. The Docker tests run where an
# engine answers, and the last line says so when they didn't.
#
#   BUILDSPEC_TEST_DOCKER   1: fail when they can't run; 0: leave them out
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

have() { command -v "$1" >/dev/null 2>&1; }
step() { printf '\n== %s\n' "$*" >&2; }
fail() {
    printf 'make test: %s\n' "$*" >&2
    exit 1
}

# need COMMAND PACKAGE: installs Debian's PACKAGE when COMMAND is missing.
need() {
    if have "$1"; then return; fi
    local root=()
    if [ "$(id -u)" -ne 0 ]; then root=(sudo -n); fi
    if ! have apt-get || { [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; }; then
        fail "$1 is missing (Debian: apt-get install $2)"
    fi
    step "installing $2"
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"
}

need_component() { # COMMAND COMPONENT of the Rust toolchain
    if cargo "$1" --version >/dev/null 2>&1; then return; fi
    have rustup || fail "cargo $1 is missing (rustup component add $2)"
    step "installing $2"
    rustup component add "$2"
}

have cargo || fail "cargo is missing: see https://rustup.rs"
need_component fmt rustfmt
need_component clippy clippy
need cc gcc
need git git
need python3 python3
# A registry for the tests of pulls; they say so when it is not there.
if have docker && [ -n "${CI-}" ]; then need docker-registry docker-registry; fi
need shellcheck shellcheck
BUILDSPEC_TEST_SHELLCHECK=$(command -v shellcheck)
export BUILDSPEC_TEST_SHELLCHECK
need busybox busybox
need openssl openssl
need strace strace

step "moto, which answers in AWS's place"
if ! python3 -c 'import ensurepip' 2>/dev/null; then need ensurepip python3-venv; fi
if moto=$(scripts/moto.sh); then
    export BUILDSPEC_TEST_MOTO=$moto
else
    printf 'PyPI is not to be reached: the tests with moto will be skipped\n' >&2
fi

step "cargo fmt --check"
cargo fmt --check

# The images take a few minutes, mostly of waiting for the network: they are
# made while cargo compiles, in a process group of its own so that it can be
# ended as a whole.
skipped=
image=
log=$(mktemp)
trap 'if [ -n "$image" ]; then kill -- "-$image" 2>/dev/null || true; fi; rm -f "$log"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ "${BUILDSPEC_TEST_DOCKER-}" = 0 ]; then
    skipped="BUILDSPEC_TEST_DOCKER is 0"
elif ! have docker; then
    skipped="there is no docker command"
elif ! docker version >/dev/null 2>"$log"; then
    skipped="no Docker engine answers: $(tail -n 1 "$log")"
else
    set -m
    { images/base/build.sh && { images/standard/build.sh || exit 9; }; } </dev/null >"$log" 2>&1 &
    image=$!
    set +m
fi

step "cargo clippy"
cargo clippy --locked --all-targets -- -D warnings
# Without the parts that need a C compiler for the target.
host=$(rustc -vV | sed -n 's/^host: //p')
targets=
for target in aarch64-unknown-linux-gnu aarch64-apple-darwin; do
    if have rustup && [ "$target" != "$host" ] && timeout 120 rustup target add "$target" >/dev/null 2>&1; then
        targets="$targets $target"
        step "cargo check for $target"
        cargo check --locked --target "$target" --no-default-features --features run
    fi
done
if [ -z "$targets" ]; then
    printf 'no other target can be had: only %s is checked\n' "$host" >&2
fi
step "cargo test, compiling"
cargo test --locked --no-run

if [ -n "$image" ]; then
    step "the images of the Docker tests"
    waited=$SECONDS
    status=0
    wait "$image" || status=$?
    image=
    cat "$log" >&2
    printf 'waited %d s for them\n' $((SECONDS - waited)) >&2
    # Status 9: the small one is there, and most tests need no other.
    case $status in
    0) export BUILDSPEC_TEST_STANDARD=1 ;;
    9) [ "${BUILDSPEC_TEST_DOCKER-}" != 1 ] || fail "buildspec/standard could not be built" ;;
    *) skipped="the image could not be built" ;;
    esac
fi
if [ -z "$skipped" ]; then
    export BUILDSPEC_TEST_DOCKER=1
elif [ "${BUILDSPEC_TEST_DOCKER-}" = 1 ]; then
    fail "the Docker tests were asked for, but $skipped"
else
    export BUILDSPEC_TEST_DOCKER=0
fi

step "cargo test${skipped:+, WITHOUT DOCKER}"
cargo test --locked

step "a minute of the fuzzer's kept inputs, changed at random"
BUILDSPEC_TEST_FUZZ=60 cargo test --locked --lib kept_inputs_are_taken_with_changes -- --nocapture

if [ -z "$skipped" ]; then
    step "every bad ending, a few of each"
    python3 scripts/chaos.py --short "${CARGO_TARGET_DIR:-target}/debug/buildspec"
    step "builds of an ordinary user"
    tests/ordinary-user.sh "${CARGO_TARGET_DIR:-target}/debug/buildspec"
fi

if [ -n "$skipped" ]; then
    printf '\n== passed, but THE DOCKER TESTS WERE SKIPPED: %s\n' "$skipped" >&2
else
    printf '\n== passed, Docker tests included\n' >&2
fi
