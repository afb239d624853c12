#!/bin/sh
# Builds as an ordinary user in the group `docker`: Git works, and nothing on the host ends up owned by root.
#
# Root may call it: it then makes the user `buildspec-tester` and becomes that. Tests that run as root hide these bugs.
# usage: tests/ordinary-user.sh [BINARY]
set -eu

user=buildspec-tester
image=${BUILDSPEC_TEST_IMAGE:-buildspec/base}
root=$(cd "$(dirname "$0")/.." && pwd)
binary=${1:-}
for candidate in "$root/target/release/buildspec" "$root/target/debug/buildspec"; do
	[ -n "$binary" ] || { [ ! -x "$candidate" ] || binary=$candidate; }
done
[ -x "$binary" ] || { echo "ordinary-user: no binary; cargo build makes one" >&2; exit 2; }

skip() {
	printf '\n*** NOT TESTED: builds of an ordinary user: %s ***\n\n' "$1" >&2
	exit 0
}

if ! docker image inspect "$image" >/dev/null 2>&1; then
	skip "no engine, or no image $image"
fi
if [ "$(id -u)" = 0 ]; then
	getent group docker >/dev/null || groupadd --system docker
	socket=/var/run/docker.sock
	if [ -S "$socket" ] && [ "$(stat -Lc %G "$socket")" = root ]; then chgrp docker "$socket"; fi
	# The number that a developer's own user has on most machines; somebody may have it already.
	id "$user" >/dev/null 2>&1 ||
		useradd --uid 1000 --non-unique --create-home --groups docker --shell /bin/sh "$user"
	place=$(mktemp -d)
	trap 'rm -rf "$place"' EXIT
	# The checkout may lie where only root can go.
	cp "$binary" "$place/buildspec"
	cp "$0" "$place/ordinary-user.sh"
	chown -R "$user:" "$place"
	chmod 755 "$place"
	cd "$place"
	su "$user" -s /bin/sh -c "BUILDSPEC_TEST_IMAGE='$image' sh ordinary-user.sh '$place/buildspec'"
	exit
fi
docker version >/dev/null 2>&1 || skip "user $(id -un) may not use the engine"

fail() {
	echo "ordinary-user: $1" >&2
	exit 1
}

place=$(mktemp -d)
trap 'rm -rf "$place" || true' EXIT
cd "$place"
mkdir -p source/folder other tmp
TMPDIR=$place/tmp
export TMPDIR
cat >source/buildspec.yml <<'END'
version: 0.2
phases:
  build:
    commands:
      - if command -v git >/dev/null; then git status --short; git log --format=%s; fi
      - mv folder renamed; rm file; mkdir out; echo artifact > out/artifact
      - if [ -d "${CODEBUILD_SRC_DIR_other-}" ]; then cat "$CODEBUILD_SRC_DIR_other/file"; fi
artifacts:
  files: [out/artifact]
END
echo content >source/file
echo deep >source/folder/deep
echo other >other/file
(
	cd source
	git init -q
	git add -A
	git -c user.name=T -c user.email=t@example.com commit -qm first
)
state() { find source other -path source/.buildspec -prune -o ! -name source -printf '%p %m %u %g %T@ %s %l\n' | sort; }
before=$(state)
run() { "$binary" run source -i "$image" -s "other=other" --log-format codebuild "$@" >log 2>&1 || fail "$*: exit $?, $(tail -5 log)"; }
for arguments in '' '--source-mode overlay' '--source-mode copy' '--at HEAD' '--tracked' '--runtime host'; do
	# shellcheck disable=SC2086
	run $arguments
	grep -qx other log || fail "$arguments: no secondary source"
	! grep -q 'dubious ownership' log || fail "$arguments: Git refuses the source"
	[ "$(cat source/.buildspec/latest/artifacts/out/artifact)" = artifact ] || fail "$arguments: no artifact"
	[ "$(state)" = "$before" ] || fail "$arguments: the source changed"
done
others=$(find . ! -user "$(id -un)" -print)
[ -z "$others" ] || fail "belongs to somebody else: $others"
left=$(find tmp -mindepth 1)
[ -z "$left" ] || fail "left in TMPDIR: $left"
for build in source/.buildspec/builds/*; do
	id=$(sed -n 's/^  "id": ".*:\(.*\)",$/\1/p' "$build/build.json")
	[ -z "$(docker ps -aq --filter "label=buildspec.build=$id")$(docker volume ls -q --filter "label=buildspec.build=$id")" ] ||
		fail "$build left something on the engine"
done
echo "ordinary-user: builds of $(id -un) work, and all on the host belongs to them"
