#!/bin/sh
# codebuild-glob-search GLOB...: the files that match, one a line, relative to the current directory.
# `**` is any run of folders, `*` and `?` stay within a name; `[...]` and `{a,b}` work as well.
LC_ALL=C
export LC_ALL

# The GLOB as an extended regular expression, in $out.
translate() {
    rest=$1
    out=
    depth=0
    while [ -n "$rest" ]; do
        case $rest in
        '**/'*)
            out="$out(.*/)?"
            rest=${rest#'**/'}
            ;;
        '**'*)
            out="$out.*"
            rest=${rest#'**'}
            ;;
        '*'*)
            out="${out}[^/]*"
            rest=${rest#?}
            ;;
        '?'*)
            out="${out}[^/]"
            rest=${rest#?}
            ;;
        '['?*']'*)
            class=${rest#?}
            class=${class%%']'*}
            rest=${rest#'['"$class"']'}
            case $class in
            '!'*) class="^${class#?}" ;;
            esac
            out="${out}[$class]"
            ;;
        '{'*)
            out="$out("
            depth=$((depth + 1))
            rest=${rest#?}
            ;;
        '}'*)
            if [ "$depth" -gt 0 ]; then
                out="$out)"
                depth=$((depth - 1))
            else
                out="$out\\}"
            fi
            rest=${rest#?}
            ;;
        ,*)
            if [ "$depth" -gt 0 ]; then out="$out|"; else out="$out,"; fi
            rest=${rest#?}
            ;;
        *)
            letter=${rest%"${rest#?}"}
            case $letter in
            [].+\(\)\|^\$\\[]) out="$out\\$letter" ;;
            *) out="$out$letter" ;;
            esac
            rest=${rest#?}
            ;;
        esac
    done
}

if [ $# = 0 ]; then
    echo "usage: codebuild-glob-search GLOB..." >&2
    exit 2
fi
found=$(
    for glob in "$@"; do
        while [ "${glob#./}" != "$glob" ]; do glob=${glob#./}; done
        translate "$glob"
        # Only the folder that the pattern names is walked.
        fixed=${glob%%[\*\?\[\{]*}
        case $fixed in
        */*) start=${fixed%/*}/ ;;
        *) start=./ ;;
        esac
        [ -d "$start" ] || continue
        find "$start" -type f -print | sed 's|^\./||; s|//*|/|g' | grep -E "^$out\$"
    done | sort -u
)
if [ -n "$found" ]; then
    printf '%s\n' "$found"
else
    echo "codebuild-glob-search: no file matches $*" >&2
fi
