#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What can be said of the source without running it; under a minute, and the second time seconds.
#
#   scripts/check.sh [--all]
#
# Every step is run, whatever the ones before it found. clang-tidy looks at the files that changed
# (they, a header or .clang-tidy) since it last found nothing in them; --all: at all of them.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export PYTHONDONTWRITEBYTECODE=1

all=
case "${1:-}" in
--all) all=1 ;;
"") ;;
*)
    echo "usage: $0 [--all]" >&2
    exit 2
    ;;
esac

# Other versions format differently and know other checks, so only this one judges.
clang_version=14
failed=()
skipped=()
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# step NAME COMMAND...: the command's output is shown if it fails, else its last line.
step()
{
    local name=$1 began=$EPOCHREALTIME result=ok
    shift
    "$@" >"$output" 2>&1 </dev/null || result=FAILED
    local took=$(((${EPOCHREALTIME/[.,]/} - ${began/[.,]/}) / 100000))
    printf '%-6s %-13s %3d.%d s  ' "$result" "$name" $((took / 10)) $((took % 10))
    if [ "$result" = ok ]; then
        tail -n 1 "$output"
    else
        echo
        cat "$output"
        failed+=("$name")
    fi
}

skip()
{
    printf '%-6s %-13s NOT RUN: %s\n' skip "$1" "$2"
    skipped+=("$1")
}

# The tool of that version, whatever it is called here.
find_clang_tool()
{
    local tool
    for tool in "$1-$clang_version" "$1"; do
        if "$tool" --version 2>/dev/null | grep -q "version $clang_version\."; then
            echo "$tool"
            return
        fi
    done
    return 1
}

# What git knows of, or would know of if it were added, below the named paths.
files()
{
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
        [ ! -f "$file" ] || echo "$file"
    done
}

c_format()
{
    local report
    report=$(files '*.c' '*.h' | xargs "$clang_format" --dry-run -Werror 2>&1) || {
        echo "$report" | sed -n 's/:[0-9]*: error: code should be .*//p' | sort -u
        echo "mend with: $clang_format -i FILE"
        return 1
    }
    echo "$(files '*.c' '*.h' | wc -l) files"
}

shell_scripts()
{
    files '*.sh' .ci/run | xargs shellcheck -x && echo "$(files '*.sh' .ci/run | wc -l) scripts"
}

json()
{
    local file count=0
    for file in $(files '*.json'); do
        python3 -m json.tool "$file" /dev/null || { echo "$file" && return 1; }
        count=$((count + 1))
    done
    echo "$count files"
}

# tidy_one FILE: one file a process, since the analyzer carries state from one file to the next.
# What was found clean is remembered under the hash of everything that it depends on.
tidy_one()
{
    local report stamp
    stamp=$tidy_dir/$({ echo "$tidy_inputs" && sha256sum "$1"; } | sha256sum | cut -d ' ' -f 1)
    if [ -e "$stamp" ] && [ -z "$all" ]; then
        return 0
    fi
    report=$("$clang_tidy" -p build --quiet "$1" 2>&1) || {
        # What was found, without the paths that the analyzer took to it.
        echo "$report" | grep -A 1 ': error:' | grep -v '^--$'
        return 1
    }
    : >"$stamp"
}

tidy()
{
    [ -f build/compile_commands.json ] || cmake --preset release >/dev/null || return 1
    mkdir -p "$tidy_dir"
    find "$tidy_dir" -type f -mtime +14 -delete
    tidy_inputs=$({ cat .clang-tidy && files '*.h' | xargs cat; } | sha256sum)
    export tidy_inputs clang_tidy tidy_dir all
    export -f tidy_one
    # shellcheck disable=SC2016 # it is the inner shell's to expand
    files 'src/*.c' | xargs -P 2 -n 1 bash -c 'tidy_one "$1"' tidy &&
        echo "$(files 'src/*.c' | wc -l) files"
}

step layers scripts/check_layers.py
step style scripts/check_style.py
step "their tests" python3 -m unittest discover -s tests/scripts
step json json
if clang_format=$(find_clang_tool clang-format); then
    step clang-format c_format
else
    skip clang-format "there is no clang-format $clang_version here"
fi
if command -v shellcheck >/dev/null; then
    step shellcheck shell_scripts
else
    skip shellcheck "it is not installed"
fi
if clang_tidy=$(find_clang_tool clang-tidy); then
    tidy_dir=build/tidy
    step clang-tidy tidy
else
    skip clang-tidy "there is no clang-tidy $clang_version here"
fi

if [ "${#skipped[@]}" -gt 0 ]; then
    echo "check.sh: NOT everything was checked, see above: ${skipped[*]}"
fi
if [ "${#failed[@]}" -gt 0 ]; then
    echo "check.sh: failed: ${failed[*]}"
    exit 1
fi
echo "check.sh: nothing found"
