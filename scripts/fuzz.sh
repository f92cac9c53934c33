#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzzers and runs them, two at a time, each for SECONDS (or $FUZZ_SECONDS, or 8).
#
#   scripts/fuzz.sh [NAME|all] [SECONDS]
#
# A fuzzer begins with its corpus in tests/fuzz/corpus/NAME and with what earlier runs found,
# which is kept in build/fuzz/work/NAME. An input that crashes is left in build/fuzz/crashes;
# run it again with  build/fuzz/fuzz_NAME FILE
set -euo pipefail
cd "$(dirname "$0")/.."

name=${1:-all}
export seconds=${2:-${FUZZ_SECONDS:-8}}

names=()
for file in tests/fuzz/fuzz_*.c; do
    [ -f "$file" ] || continue
    file=${file##*/fuzz_}
    [ "$name" != all ] && [ "$name" != "${file%.c}" ] || names+=("${file%.c}")
done
if [ "${#names[@]}" -eq 0 ]; then
    echo "There is no fuzzer tests/fuzz/fuzz_$name.c" >&2
    exit 1
fi

mkdir -p build/logs
{ cmake --preset fuzz && cmake --build --preset fuzz -j 2 --target "${names[@]/#/fuzz_}"; } \
    >build/logs/fuzz-build.log 2>&1 || { cat build/logs/fuzz-build.log && exit 1; }

fuzz_one()
{
    local began=$SECONDS log=build/logs/fuzz-$1.log status=0
    mkdir -p "build/fuzz/work/$1" build/fuzz/crashes
    "build/fuzz/fuzz_$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="build/fuzz/crashes/$1-" -print_final_stats=1 \
        "build/fuzz/work/$1" "tests/fuzz/corpus/$1" </dev/null 2>&1 |
        tail -n 400 >"$log" || status=1
    if [ "$status" -eq 0 ]; then
        printf 'ok     %-16s %4d s  %s inputs\n' "$1" $((SECONDS - began)) \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    else
        grep -E '^(==|SUMMARY)|Test unit written|runtime error|Assert' "$log" || tail -n 20 "$log"
        printf 'FAILED %-16s %4d s  see %s\n' "$1" $((SECONDS - began)) "$log"
    fi
    return "$status"
}
export -f fuzz_one
export SHELLOPTS # pipefail, in the shells below too
# shellcheck disable=SC2016 # it is the inner shell's to expand
printf '%s\n' "${names[@]}" | xargs -P 2 -n 1 bash -c 'fuzz_one "$1"' fuzz
