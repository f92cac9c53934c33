#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demo: builds phien, runs it with conf/demo.yaml and pushes a test picture to it.
#
#   scripts/run.sh [--no-push]
#
# The picture has a clock and the sound beeps each second, so that what a player shows can be
# held against a watch. A phone or OBS that pushes takes over until it ends; --no-push leaves the
# pushing to it from the start. Ctrl-C ends it all.
set -euo pipefail
cd "$(dirname "$0")/.."

push=yes
case "${1:-}" in
"") ;;
--no-push) push=no ;;
*)
    echo "usage: $0 [--no-push]" >&2
    exit 2
    ;;
esac

conf=conf/demo.yaml
font=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf

# conf_value SECTION KEY FALLBACK: the key's first value in the section, as far as a demo's file
# goes; phien itself reads YAML properly.
conf_value()
{
    local value
    value=$(sed -nE "/^$1:/,/^[a-z]/ s/^[ -]*$2: *\"?([^ \"]+).*/\1/p" "$conf" | head -n 1)
    echo "${value:-$3}"
}

name=$(conf_value channels name sinho)
key=$(conf_value channels key demo-key)
rtmp_port=$(conf_value rtmp listen :1935)
rtmp_port=${rtmp_port##*:}
srt_port=$(conf_value srt listen :8890)
srt_port=${srt_port##*:}
overlay_token=$(conf_value channels overlay_token "")
http_port=$(conf_value http listen :8080)
http_port=${http_port##*:}

scripts/setup.sh build demo
echo "Building ..."
cmake --preset release >/dev/null
cmake --build --preset release -j 2 | tail -n 1

server=
publisher=
stop()
{
    trap '' INT TERM
    trap - EXIT
    local pid
    for pid in $publisher $server; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" || true
    done
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Every worker of phien listens on the same ports, and so could a second phien, unnoticed.
for port in "$rtmp_port" "$http_port"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        echo "Something listens on port $port already: end it first." >&2
        exit 1
    fi
done

# In sessions of their own, so that Ctrl-C reaches this script alone, which ends them in order.
setsid build/phien -c "$conf" &
server=$!
until curl -sf -o /dev/null --max-time 1 "http://127.0.0.1:$http_port/healthz"; do
    kill -0 "$server" 2>/dev/null || exit 1
    sleep 0.1
done

# What a phone pushes: upright, 30 frames a second, a key frame every two seconds, no B-frames.
publish()
{
    local clock="drawtext=fontfile=$font:text='%{localtime\\:%T} %{n}':x=(w-tw)/2:y=h*0.42"
    clock+=":fontsize=64:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=16"
    exec setsid ffmpeg -nostdin -hide_banner -loglevel error -re \
        -f lavfi -i "testsrc2=size=720x1280:rate=30,$clock" \
        -f lavfi -i "sine=frequency=220:beep_factor=4:sample_rate=48000" \
        -c:v libx264 -preset veryfast -tune zerolatency -profile:v main -pix_fmt yuv420p \
        -b:v 1800k -maxrate 2000k -bufsize 2000k -g 60 -keyint_min 60 -sc_threshold 0 \
        -c:a aac -b:a 96k -ac 2 \
        -f flv "rtmp://127.0.0.1:$rtmp_port/live/$name?key=$key"
}

is_on_air()
{
    curl -sf --max-time 1 "http://127.0.0.1:$http_port/live/$name/info.json" |
        grep -q '"live": *true'
}

# Pushes until it is told to stop, again after each end, as a phone does; but not while somebody
# else does, who would be thrown out.
publish_on()
{
    local ffmpeg_pid=
    trap 'kill "$ffmpeg_pid" 2>/dev/null; wait; exit 0' TERM
    trap '' INT
    while true; do
        publish &
        ffmpeg_pid=$!
        wait "$ffmpeg_pid" || true
        sleep 1 &
        wait $!
        while is_on_air; do
            sleep 2 &
            wait $!
        done
    done
}

if [ "$push" = yes ]; then
    publish_on &
    publisher=$!
fi

# The address that phones on the same network can reach.
address=$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
address=${address:-$(hostname -I 2>/dev/null | cut -d ' ' -f 1)}
address=${address:-127.0.0.1}
echo
build/phien invite "$name" -c "$conf" --host "$address" --only larix
cat <<TEXT

  watch        http://$address:$http_port/watch/$name
  here         http://localhost:$http_port/watch/$name
  studio       http://$address:$http_port/studio/$name?token=$overlay_token
  playlist     http://$address:$http_port/live/$name/index.m3u8
  push         rtmp://$address:$rtmp_port/live/$name?key=$key
               (URL rtmp://$address:$rtmp_port/live, stream key $key)
               srt://$address:$srt_port?streamid=$key
               or scan the code, which sets up Larix Broadcaster; Moblin's and others:
               build/phien invite $name -c $conf --host $address

  Ctrl-C ends it.

TEXT
wait "$server"
