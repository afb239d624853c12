#!/bin/sh
# codebuild-tests-run --test-command COMMAND --files-search COMMAND [--sharding-strategy equal-distribution|stability]
# Runs the tests of this shard. BUILDSPEC_SHARD=2/5 makes it the second of five; without it there is one.
fail() {
    echo "codebuild-tests-run: $1" >&2
    exit 2
}

tests=
search=
strategy=equal-distribution
while [ $# -gt 0 ]; do
    case $1 in
    --*=*)
        name=${1%%=*}
        value=${1#*=}
        shift
        ;;
    --*)
        [ $# -gt 1 ] || fail "$1 needs a value"
        name=$1
        value=$2
        shift 2
        ;;
    *) fail "what is $1?" ;;
    esac
    case $name in
    --test-command) tests=$value ;;
    --files-search) search=$value ;;
    --sharding-strategy) strategy=$value ;;
    *) fail "there is no option $name" ;;
    esac
done
[ -n "$tests" ] || fail "--test-command is missing"
[ -n "$search" ] || fail "--files-search is missing"

shard=${BUILDSPEC_SHARD:-1/1}
number=${shard%/*}
count=${shard#*/}
case $number$count in
*[!0-9]* | '') fail "BUILDSPEC_SHARD is $shard, and not such as 2/5" ;;
esac
if [ "$number" -lt 1 ] || [ "$number" -gt "$count" ]; then
    fail "BUILDSPEC_SHARD is $shard: there is no such shard"
fi

all=$(sh -c "$search") || exit
all=$(printf '%s\n' "$all" | sed '/^$/d' | LC_ALL=C sort -u)
case $strategy in
equal-distribution)
    total=$(printf '%s' "$all" | grep -c '')
    each=$((total / count))
    more=$((total % count))
    # The first shards take one file more each.
    if [ "$number" -le "$more" ]; then
        first=$(((number - 1) * (each + 1) + 1))
        last=$((first + each))
    else
        first=$(((number - 1) * each + more + 1))
        last=$((first + each - 1))
    fi
    if [ "$first" -le "$last" ]; then
        files=$(printf '%s\n' "$all" | sed -n "$first,${last}p")
    else
        files=
    fi
    ;;
stability)
    # Each file goes to the shard that its name scores highest with: another shard more moves only what it takes.
    files=$(printf '%s\n' "$all" | LC_ALL=C awk -v number="$number" -v count="$count" '
        BEGIN {
            for (code = 1; code < 256; code++) ord[sprintf("%c", code)] = code
        }
        $0 != "" {
            hash = 5381
            for (at = 1; at <= length($0); at++) hash = (hash * 131 + ord[substr($0, at, 1)]) % 67108859
            best = -1
            for (shard = 1; shard <= count; shard++) {
                score = (hash + shard * 40503) % 67108859
                for (round = 0; round < 3; round++) score = (score * score + shard * 7919 + 12345) % 67108859
                if (score > best) {
                    best = score
                    chosen = shard
                }
            }
            if (chosen == number) print
        }')
    ;;
*) fail "--sharding-strategy is $strategy: equal-distribution or stability" ;;
esac

if [ -z "$files" ]; then
    echo "codebuild-tests-run: no test files for shard $shard" >&2
    exit 0
fi
CODEBUILD_CURRENT_SHARD_FILES=$files
export CODEBUILD_CURRENT_SHARD_FILES
case $tests in
# It takes them in a form of its own.
*CODEBUILD_CURRENT_SHARD_FILES*) exec sh -c "$tests" ;;
esac
exec sh -c "$tests $(printf '%s' "$files" | tr '\n' ' ')"
