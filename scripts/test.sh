#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that is tested, quick things first; under 25 minutes on two cores.
#
#   scripts/test.sh [--quick] [--long] [--only STAGE]...
#
# --quick: the checks, and the unit and flow tests of an optimised build
# --long:  each fuzzer for two minutes
# --only:  these stages alone: setup check release asan tsan fuzz web e2e-release e2e-asan
#          e2e-tsan; "e2e" stands for the three
#
# FUZZ_SECONDS=N sets how long each fuzzer runs (12). The first stage that fails ends the run.
# What a stage prints is in build/logs/STAGE.log.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

stages=(setup check release asan tsan fuzz web e2e-release e2e-asan e2e-tsan)
only=()
while [ $# -gt 0 ]; do
    case "$1" in
    --quick) stages=(setup check release) ;;
    --long) export FUZZ_SECONDS=${FUZZ_SECONDS:-120} ;;
    --only)
        shift
        [ "${1:-}" = e2e ] && only+=(e2e-release e2e-asan e2e-tsan) || only+=("${1:-}")
        ;;
    *)
        sed -n 's/^# \{0,1\}//; 3,13p' "$0" >&2
        exit 2
        ;;
    esac
    shift
done
for stage in "${only[@]}"; do
    if [[ " ${stages[*]} " != *" $stage "* ]]; then
        echo "There is no stage '$stage'; there are: ${stages[*]}" >&2
        exit 2
    fi
done
[ "${#only[@]}" -eq 0 ] || stages=("${only[@]}")

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/tests/tsan.supp
logs=build/logs
mkdir -p "$logs"
passed=0
failed=0

# Where a preset's phien is.
binary_of()
{
    [ "$1" = release ] && echo "$PWD/build/phien" || echo "$PWD/build/$1/phien"
}

build()
{
    cmake --preset "$1" && cmake --build --preset "$1" -j 2
}

build_and_ctest()
{
    build "$1" && ctest --preset "$1" -j 2
}

configs()
{
    local file
    for file in conf/*.yaml; do
        "$(binary_of release)" -c "$file" --check || return 1
    done
}

# What one build is enough for: the tests' own tools, and what pages do. And what e2e-tsan leaves
# out beside that, where threads meet in no other way than in the rest.
pages=" browser-outage conformance overlay-watch readers studio"
same_threads=" bitexact browser invite operator overlay-players srt-loss ts-units"

# node_tests FOLDER [WITHOUT]: the *.test.mjs in it, after npm ci if it has packages of its own.
node_tests()
{
    local file files=()
    for file in "$1"/*.test.mjs; do
        [[ "${2:-}" == *" $(basename "$file" .test.mjs) "* ]] || files+=("$file")
    done
    if [ ! -f "${files[0]}" ]; then
        echo "there are no tests in $1"
        return 0
    fi
    if [ "$1/package-lock.json" -nt "$1/node_modules/.package-lock.json" ]; then
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline) || return 1
    fi
    node --test --test-reporter=spec "${files[@]}"
}

stage_setup() { scripts/setup.sh; }
stage_check() { scripts/check.sh; }
stage_release() { build_and_ctest release && configs; }
stage_asan() { build_and_ctest asan; }
stage_tsan() { build_and_ctest tsan; }
stage_fuzz() { scripts/fuzz.sh all; }
stage_web() { node_tests tests/web; }
stage_e2e()
{
    build "$1" || return 1
    local without=" "
    [ "$1" = release ] || without="$pages "
    [ "$1" != tsan ] || without="$pages$same_threads "
    PHIEN_BIN=$(binary_of "$1") node_tests tests/e2e "$without"
}

# What the runners say at their end: ctest's, node's, each fuzzer's.
closing_lines()
{
    grep -E '^[0-9]+% tests passed|^(ℹ|#) (pass|fail|skipped) [0-9]+|^check.sh: |^there are no' "$1"
    [ "$stage" != fuzz ] || grep -E '^(ok|FAILED) ' "$1"
}

# count LOG: adds up what they say.
count()
{
    local ran lost
    while read -r lost ran; do
        failed=$((failed + lost))
        passed=$((passed + ran - lost))
    done < <(sed -nE \
        -e 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+).*/\1 \2/p' \
        -e 's/^(ℹ|#) pass ([0-9]+)/0 \2/p' -e 's/^(ℹ|#) fail ([0-9]+)/\2 \2/p' "$1")
}

for stage in "${stages[@]}"; do
    began=$SECONDS
    log=$logs/$stage.log
    echo "== $stage"
    case "$stage" in
    e2e-*) stage_e2e "${stage#e2e-}" ;;
    *) "stage_$stage" ;;
    esac </dev/null >"$log" 2>&1
    status=$?
    count "$log"
    if [ "$status" -ne 0 ]; then
        tail -n 80 "$log"
        echo "== $stage FAILED after $((SECONDS - began)) s; the whole of it is in $log"
        echo "$passed passed, $((failed > 0 ? failed : 1)) failed"
        exit 1
    fi
    closing_lines "$log"
    echo "== $stage: $((SECONDS - began)) s"
done
echo "All stages passed in $((SECONDS / 60)) min $((SECONDS % 60)) s: ${stages[*]}"
echo "$passed passed, $failed failed"
