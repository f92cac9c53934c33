#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures phien on this machine: the server alone on core 0, the load on core 1.
#
#   scripts/bench.sh [ingest|srt|latency|viewers|events|all]...
#
# ingest:  CPU seconds and memory with 1, 20 and 60 publishers, LL-HLS on; beside it nginx with
#          libnginx-mod-rtmp and its HLS, if that is installed
# srt:     the same with 20 publishers by SRT, beside 20 by RTMP
# latency: from the frame that ends a part to the part read, alone and beside 59 more publishers
# viewers: how far apart 1000 held viewers get their answers
# events:  from a change of a product's stock sent -> heard of by 2000 readers of the channel's
#          events; durable in between
#
# BENCH_REPEATS=N runs each N times and prints medians (3), BENCH_SECONDS=N measures for so long
# (30), BENCH_WARM_UP=N lets ingest run first for so long (70: until windows are full and memory
# is used again), BENCH_PUBLISHERS="1 20 60" says how many publishers, BENCH_SRT_PUBLISHERS="20" how
# many for srt, BENCH_BUILD=DIR takes the programs of that build instead of building.
# tests/bench/README.md has results.
set -euo pipefail
cd "$(dirname "$0")/.."

repeats=${BENCH_REPEATS:-3}
seconds=${BENCH_SECONDS:-30}
warm_up=${BENCH_WARM_UP:-70}
counts=${BENCH_PUBLISHERS:-1 20 60}
srt_counts=${BENCH_SRT_PUBLISHERS:-20}
build=${BENCH_BUILD:-}
host=127.0.0.1
rtmp_port=24935
http_port=24980
srt_port=24990
input=build/bench/input.mp4
database=build/bench/overlay.db
token=bench-token
nginx_module=/usr/lib/nginx/modules/ngx_rtmp_module.so

wanted=()
for name in "${@:-all}"; do
    case "$name" in
    ingest | srt | latency | viewers | events) wanted+=("$name") ;;
    all) wanted+=(ingest srt latency viewers events) ;;
    *)
        sed -n 's/^# \{0,1\}//; 3,20p' "$0" >&2
        exit 2
        ;;
    esac
done

work=$(mktemp -d /dev/shm/bench.XXXXXX) # segments of nginx lie here, in memory as phien's do
running=()
clean_up()
{
    stop_all
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# start CORE LOG COMMAND...: in the background on that core; its process id is in $started.
start()
{
    local core=$1 log=$2
    shift 2
    taskset -c "$core" "$@" >"$log" 2>&1 </dev/null &
    started=$!
    running=("$started" "${running[@]}")
}

# The load ends before the server.
stop_all()
{
    local pid
    for pid in "${running[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    running=()
}

make_input()
{
    [ ! -f "$input" ] || return 0
    mkdir -p build/bench
    ffmpeg -nostdin -loglevel error -y \
        -f lavfi -i testsrc2=size=1280x720:rate=30 \
        -f lavfi -i sine=frequency=220:sample_rate=48000 -t 60 \
        -c:v libx264 -preset veryfast -profile:v main -pix_fmt yuv420p -bf 0 \
        -b:v 2000k -minrate 2000k -maxrate 2000k -bufsize 2000k -g 60 -keyint_min 60 \
        -sc_threshold 0 -c:a aac -b:a 128k -ac 2 "$input.part.mp4"
    mv "$input.part.mp4" "$input"
}

make_build()
{
    [ -z "$build" ] || return 0
    build=build
    { cmake --preset release && cmake --build --preset release -j 2; } \
        >build/bench/build.log 2>&1 || { cat build/bench/build.log && exit 1; }
}

answers()
{
    (exec 3<>"/dev/tcp/$host/$1") 2>/dev/null
}

wait_for()
{
    local end=$((SECONDS + 10))
    while [ "$SECONDS" -lt "$end" ] && kill -0 "$started" 2>/dev/null; do
        ! answers "$1" || return 0
        sleep 0.1
    done
    cat "$work"/*.log >&2
    exit 1
}

# start_phien CHANNELS [SRT-ADDRESS]. One worker, since one core is what there is.
start_phien()
{
    local number
    rm -f "$database"*
    {
        echo "workers: 1"
        echo "state: \"$work/phien.state\""
        echo "log: { level: warn }"
        echo "rtmp: { listen: \"$host:$rtmp_port\" }"
        echo "srt: { listen: \"${2:-}\" }"
        echo "http: { listen: \"$host:$http_port\" }"
        echo "overlay: { database: \"$database\", writes_per_s: 0 }"
        echo "admin: { token: $token }"
        echo "channels:"
        for ((number = 0; number < $1; number++)); do
            echo "  - { name: ch$number, key: key-$number }"
        done
    } >"$work/phien.yaml"
    start 0 "$work/phien.log" "$build/phien" -c "$work/phien.yaml"
    server=$started
    wait_for "$http_port"
}

# The same window as phien's default, segments as long as its.
start_nginx()
{
    mkdir -p "$work/hls"
    cat >"$work/nginx.conf" <<NGINX
load_module $nginx_module;
daemon off;
worker_processes 1;
$([ "$(id -u)" -ne 0 ] || echo "user root;")
pid $work/nginx.pid;
error_log $work/nginx-error.log warn;
events { worker_connections 1024; }
rtmp {
    server {
        listen $host:$rtmp_port;
        chunk_size 4096;
        application live {
            live on;
            hls on;
            hls_path $work/hls;
            hls_fragment 2s;
            hls_playlist_length 30s;
        }
    }
}
NGINX
    start 0 "$work/nginx.log" nginx -c "$work/nginx.conf"
    wait_for "$rtmp_port"
    server=$(pgrep -P "$started" | head -n 1)
}

# start_publishers COUNT NAME: {} in the name is each one's number.
start_publishers()
{
    start 1 "$work/pusher.log" "$build/pusher" --url "rtmp://$host:$rtmp_port/live/$2" \
        --input "$input" --loop --publishers "$1" --start-within 1000
    pusher=$started
}

# start_callers COUNT: the same by SRT. MPEG-TS cannot follow itself, so the film is long enough.
start_callers()
{
    local film="$work/film.ts"
    [ -f "$film" ] || ffmpeg -nostdin -loglevel error -stream_loop -1 -i "$input" \
        -t $((warm_up + seconds + 30)) -c copy -f mpegts "$film"
    start 1 "$work/pusher.log" "$build/srt_pusher" --to "$host:$srt_port" --streamid 'key-{}' \
        --input "$film" --publishers "$1" --start-within 1000
    pusher=$started
}

# By RTMP, or by SRT with its default latency.
start_rtmp() { start_phien "$1"; }
start_srt() { start_phien "$1" "$host:$srt_port"; }

# CPU ticks that a process has used.
ticks_of()
{
    local stat
    stat=$(cat "/proc/$1/stat")
    stat=${stat##*) }
    # shellcheck disable=SC2086 # fields
    set -- $stat
    echo $((${12} + ${13}))
}

check_publishers()
{
    if ! kill -0 "$pusher" 2>/dev/null ||
        grep -qE '^(pusher|refused|broken)' "$work/pusher.log"; then
        cat "$work"/*.log >&2
        exit 1
    fi
}

# measure_ingest WHAT COUNT: "CPU-SECONDS MIB" on a line; MIB is memory and files in memory.
# WHAT: phien or rtmp, which are the same, nginx or srt.
measure_ingest()
{
    local before load_before ticks per_second files
    "start_$1" "$2" 1>&2
    case "$1" in
    srt) start_callers "$2" ;;
    nginx) start_publishers "$2" 'ch{}' ;;
    *) start_publishers "$2" 'key-{}' ;;
    esac
    sleep $((warm_up + 2))
    before=$(ticks_of "$server")
    load_before=$(ticks_of "$pusher")
    sleep "$seconds"
    ticks=$(($(ticks_of "$server") - before))
    per_second=$(getconf CLK_TCK)
    check_publishers
    if [ $(($(ticks_of "$pusher") - load_before)) -gt $((seconds * per_second * 8 / 10)) ]; then
        echo "The load is short of its core: this measures it, not the server." >&2
    fi
    files=0
    [ ! -d "$work/hls" ] || files=$(du -s --block-size=1K "$work/hls" | cut -f 1)
    awk -v ticks="$ticks" -v hz="$per_second" -v files="$files" '/^VmRSS:/ {
        printf "%.2f %d\n", ticks / hz, ($2 + files) / 1024 }' "/proc/$server/status"
    stop_all
    rm -rf "$work/hls"
}

# The median of each column.
medians()
{
    awk '{ for (i = 1; i <= NF; i++) { value[i, NR] = $i + 0 } columns = NF }
        END { for (i = 1; i <= columns; i++) {
            for (last = NR; last > 1; last--) {
                for (row = 1; row < last; row++) {
                    if (value[i, row] > value[i, row + 1]) {
                        swap = value[i, row]
                        value[i, row] = value[i, row + 1]
                        value[i, row + 1] = swap } } }
            printf "%s%s", value[i, int((NR + 1) / 2)], i < columns ? " " : "\n" } }'
}

# compare COUNTS WHAT...: the medians of each, and the first by the second.
compare()
{
    local counts=$1 count round name
    shift
    for count in $counts; do
        rm -f "$work"/*.rows
        for ((round = 0; round < repeats; round++)); do
            for name in "$@"; do
                measure_ingest "$name" "$count" >>"$work/$name.rows"
            done
        done
        printf '%3d publishers ' "$count"
        for name in "$@"; do
            medians <"$work/$name.rows" >"$work/$name.median"
            awk -v name="$name" '{ printf "  %s %.2f (%d)", name, $1, $2 }' "$work/$name.median"
        done
        [ $# -lt 2 ] ||
            paste -d ' ' "$work/$1.median" "$work/$2.median" |
            awk '{ if ($3 > 0) { printf "  ratio %.2f", $1 / $3 } }'
        echo
    done
}

bench_ingest()
{
    local -a servers=(phien)
    if [ -f "$nginx_module" ]; then
        servers+=(nginx)
    else
        echo "(nginx with libnginx-mod-rtmp is not installed: phien alone)"
    fi
    echo "ingest: CPU-s per $seconds s (MiB of memory, files in memory included)"
    compare "$counts" "${servers[@]}"
}

bench_srt()
{
    echo "srt: CPU-s per $seconds s (MiB of memory)"
    compare "$srt_counts" srt rtmp
}

# print_latency LABEL: medians of $work/latency.rows, which part_latency wrote.
print_latency()
{
    local kind
    for kind in hint reload; do
        sed -n "s/^$kind n=\([0-9]*\) p50=\([0-9.]*\) p99=\([0-9.]*\) max=\(.*\)/\1 \2 \3 \4/p" \
            "$work/latency.rows" | medians | awk -v label="$1" -v kind="$kind" \
            '{ printf "%-18s %-7s p50 %.2f  p99 %.2f  max %.2f\n", label, kind, $2, $3, $4 }'
    done
}

bench_latency()
{
    local others round
    echo "latency: the frame that ends a part sent -> part read, ms"
    for others in 0 59; do
        rm -f "$work/latency.rows"
        for ((round = 0; round < repeats; round++)); do
            start_phien $((others + 1))
            if [ "$others" -gt 0 ]; then
                start_publishers "$others" 'key-{}'
            fi
            taskset -c 1 "$build/part_latency" "$host:$rtmp_port" "$host:$http_port" "ch$others" \
                "key-$others" "$input" $((seconds + 3)) >>"$work/latency.rows"
            [ "$others" -eq 0 ] || check_publishers
            stop_all
        done
        print_latency "$((others + 1)) publishers"
    done
}

bench_viewers()
{
    local round
    # Each viewer is a descriptor here and one in the server.
    ulimit -n 4096
    echo "viewers: 1000 held, how long after the first the others get their playlist, ms"
    for ((round = 0; round < repeats; round++)); do
        start_phien 1
        start_publishers 1 'key-{}'
        sleep 2
        taskset -c 1 "$build/hls_viewers" "$host:$http_port" ch0 1000 "$seconds" \
            >>"$work/viewers.rows"
        check_publishers
        stop_all
    done
    sed -n 's/.* p50=\([0-9.]*\) p99=\([0-9.]*\) max=\(.*\)/\1 \2 \3/p' "$work/viewers.rows" |
        medians | awk '{ printf "1000 viewers       p50 %.2f  p99 %.2f  max %.2f\n", $1, $2, $3 }'
}

bench_events()
{
    local round what api=/api/v1/channels/ch0 number='\([0-9.]*\)'
    ulimit -n 8192
    echo "events: 2000 readers, a change sent -> heard of, ms"
    for ((round = 0; round < repeats; round++)); do
        start_phien 1
        curl -fsS -o "$work/product.json" -X PUT -H "Authorization: Bearer $token" \
            -d '{"title":"Cam sành Hà Giang","price":45000,"unit":"kg","stock":1000000}' \
            "http://$host:$http_port$api/shelf/cam-sanh"
        taskset -c 1 "$build/sse_readers" "$host:$http_port" "$api/events" 2000 100 \
            PATCH "$api/shelf/cam-sanh" "$token" '{"stock_delta":-1}' >>"$work/events.rows"
        stop_all
    done
    for what in each all; do
        sed -n "s/.* ${what}_ms n=[0-9]* p50=$number p99=$number max=$number.*/\1 \2 \3/p" \
            "$work/events.rows" | medians | awk -v what="$what" \
            '{ printf "%-18s p50 %.2f  p99 %.2f  max %.2f\n", what, $1, $2, $3 }'
    done
}

for port in "$rtmp_port" "$http_port"; do
    if answers "$port"; then
        echo "Something listens on port $port already: end it first." >&2
        exit 1
    fi
done
if [ "$(nproc)" -lt 2 ]; then
    echo "There is one core only; load and server need one each." >&2
    exit 1
fi
mkdir -p build/bench
make_input
make_build
for name in "${wanted[@]}"; do
    "bench_$name"
done
