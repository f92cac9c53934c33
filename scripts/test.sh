#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that is tested, quick things first; under 25 minutes on two cores.
#
#   scripts/test.sh [--quick] [--long] [--only STAGE]...
#
# --quick: the checks, and the unit and flow tests of an optimised build
# --long:  each fuzzer for two minutes, the soak for an hour
# --only:  these stages alone: setup check release build-asan soak asan tsan fuzz web e2e-release
#          e2e-asan e2e-tsan; "e2e" stands for the three
#
# FUZZ_SECONDS=N sets how long each fuzzer runs (8), SOAK_SECONDS=N how long the soak lasts (600).
# The soak runs beside the stages after it, and begins early, so that the browsers of e2e-release
# come when it is over. The first stage that fails ends the run. What a stage prints is in
# build/logs/STAGE.log.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

stages=(setup check release build-asan soak asan tsan fuzz web e2e-release e2e-asan e2e-tsan)
only=()
while [ $# -gt 0 ]; do
    case "$1" in
    --quick) stages=(setup check release) ;;
    --long) export FUZZ_SECONDS=${FUZZ_SECONDS:-120} SOAK_SECONDS=${SOAK_SECONDS:-3600} ;;
    --only)
        shift
        [ "${1:-}" = e2e ] && only+=(e2e-release e2e-asan e2e-tsan) || only+=("${1:-}")
        ;;
    *)
        sed -n 's/^# \{0,1\}//; 3,16p' "$0" >&2
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

# build_and_ctest PRESET [OPTION OF CTEST]...
build_and_ctest()
{
    build "$1" && ctest --preset "$1" -j 2 "${@:2}"
}

configs()
{
    local file
    for file in conf/*.yaml; do
        "$(binary_of release)" -c "$file" --check || return 1
    done
}

# npm_packages FOLDER: what its tests need, if it has packages of its own.
npm_packages()
{
    if [ "$1/package-lock.json" -nt "$1/node_modules/.package-lock.json" ]; then
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline)
    fi
}

# What one build is enough for: the tests' own tools, and what pages do. And what e2e-tsan leaves
# out beside that, where threads meet in no other way than in the rest.
pages=" browser browser-outage conformance overlay-players overlay-watch readers soak-tools studio"
pages+=" transitions-browser"
same_threads=" bitexact invite operator srt-loss transitions ts-units"

# What a hand-set clock drives has one thread alone, but for the overlay's database.
one_thread='flow\.test_flow_[^o]|unit\.test_channel_weather'

# Those that measure time, or load a core by themselves, and so run by themselves.
alone=" browser llhls overlay-players srt-loss transitions-browser "

# node_tests FOLDER [WITHOUT]: the *.test.mjs in it, two at a time where they can be.
node_tests()
{
    local file name files=() others=()
    for file in "$1"/*.test.mjs; do
        name=" $(basename "$file" .test.mjs) "
        [[ "${2:-}" != *"$name"* ]] || continue
        [[ "$alone" == *"$name"* ]] && others+=("$file") || files+=("$file")
    done
    if [ ! -f "${files[0]}" ]; then
        echo "there are no tests in $1"
        return 0
    fi
    npm_packages "$1" || return 1
    node --test --test-concurrency=2 --test-reporter=spec "${files[@]}" || return 1
    [ "${#others[@]}" -eq 0 ] || node --test --test-reporter=spec "${others[@]}"
}

stage_setup() { scripts/setup.sh; }
stage_check() { scripts/check.sh; }
stage_release() { build_and_ctest release && configs; }
stage_build-asan() { build asan; }
stage_asan() { build_and_ctest asan; }
stage_tsan() { build_and_ctest tsan -E "$one_thread"; }
stage_fuzz() { scripts/fuzz.sh all; }
stage_web() { node_tests tests/web; }
stage_soak()
{
    cmake --preset release && cmake --build --preset release -j 2 --target pusher srt_pusher &&
        cmake --preset asan && cmake --build --preset asan -j 2 --target phien || return 1
    npm_packages tests/e2e || return 1
    PHIEN_BIN=$(binary_of asan) PHIEN_PUSHER=$PWD/build/pusher \
        node --test-reporter=spec tests/soak/soak.mjs
}
stage_e2e()
{
    build "$1" || return 1
    local without=" "
    [ "$1" = release ] || without="$pages "
    [ "$1" != tsan ] || without="$pages$same_threads "
    PHIEN_BIN=$(binary_of "$1") node_tests tests/e2e "$without"
}

# closing_lines STAGE: what the runners say at their end: ctest's, node's, each fuzzer's.
closing_lines()
{
    local log=$logs/$1.log
    grep -E '^[0-9]+% tests passed|^(ℹ|#) (pass|fail|skipped) [0-9]+|^check.sh: |^there are no' \
        "$log"
    [ "$1" != fuzz ] || grep -E '^(ok|FAILED) ' "$log"
    [ "$1" != soak ] || grep -E '^ *(ℹ|#) ([0-9.]+ MB|CPU|answers|the page)' "$log"
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

# tell STAGE STATUS SECONDS: what has become of it. A failure ends the run.
tell()
{
    local log=$logs/$1.log
    count "$log"
    if [ "$2" -ne 0 ]; then
        tail -n 80 "$log"
        echo "== $1 FAILED after $3 s; the whole of it is in $log"
        echo "$passed passed, $((failed > 0 ? failed : 1)) failed"
        exit 1
    fi
    closing_lines "$1"
    echo "== $1: $3 s"
}

# The soak, while it runs beside the others: its process, which leads a group of its own.
soak=
soak_began=

start_soak()
{
    soak_began=$SECONDS
    echo "== soak: begins, and runs beside what follows"
    set -m
    stage_soak </dev/null >"$logs/soak.log" 2>&1 &
    soak=$!
    set +m
}

# Waits for its end.
join_soak()
{
    local pid=$soak status
    echo "== soak"
    wait "$pid"
    status=$?
    soak=
    tell soak "$status" $((SECONDS - soak_began))
}

# With all that it has started: some of that stands still, and hears of nothing.
stop_soak()
{
    [ -n "$soak" ] || return
    kill -TERM -- "-$soak" 2>/dev/null
    sleep 2
    kill -KILL -- "-$soak" 2>/dev/null
}
trap stop_soak EXIT
trap 'exit 130' INT TERM

# What keeps both cores busy must not starve the soak.
run_stage()
{
    case "$1" in
    asan | tsan | fuzz) [ -z "$soak" ] || renice -n 10 "$BASHPID" >/dev/null ;;
    esac
    case "$1" in
    e2e-*) stage_e2e "${1#e2e-}" ;;
    *) "stage_$1" ;;
    esac
}

for stage in "${stages[@]}"; do
    if [ "$stage" = soak ]; then
        start_soak
        continue
    fi
    began=$SECONDS
    echo "== $stage"
    (run_stage "$stage") </dev/null >"$logs/$stage.log" 2>&1
    tell "$stage" $? $((SECONDS - began))
    if [ -n "$soak" ] && ! kill -0 "$soak" 2>/dev/null; then
        join_soak
    fi
done
[ -z "$soak" ] || join_soak
echo "All stages passed in $((SECONDS / 60)) min $((SECONDS % 60)) s: ${stages[*]}"
echo "$passed passed, $failed failed"
