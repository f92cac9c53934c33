#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes src/media/slate/{portrait,landscape}.mp4 of the drawings beside them: one second of H.264
# that loops, and silence in AAC. They are part of the source, so this runs only when a drawing
# changes. On Debian 12 it needs: ffmpeg librsvg2-bin fonts-noto-core
#
#   scripts/make-slate.sh        (FONTS: where NotoSans-{Regular,Bold}.ttf are, if elsewhere)
set -euo pipefail
cd "$(dirname "$0")/../src/media/slate"
export LC_ALL=C.UTF-8

pictures=25
max_bytes=61440
fonts=${FONTS:-/usr/share/fonts/truetype/noto}

for tool in ffmpeg rsvg-convert; do
    command -v "$tool" >/dev/null || { echo "make-slate.sh needs $tool" >&2 && exit 1; }
done
for font in Regular Bold; do
    # Any other font would do without a word, and most have not all of Vietnamese's letters.
    [ -f "$fonts/NotoSans-$font.ttf" ] || { echo "no NotoSans-$font.ttf in $fonts" >&2 && exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/fonts.conf" <<EOF
<?xml version="1.0"?>
<fontconfig><dir>$fonts</dir><cachedir>$work/fonts</cachedir></fontconfig>
EOF
export FONTCONFIG_FILE=$work/fonts.conf

# How bright the lantern is that lights up as number $2, in picture $1: one after the other, and
# as in the first picture again after the last.
brightness()
{
    awk -v n="$1" -v lantern="$2" -v pictures=$pictures 'BEGIN {
        t = n / pictures - 0.2 * (lantern - 1) + 1
        t -= int(t)
        lit = t < 0.6 ? sin(3.14159265 * t / 0.6) : 0
        printf "%.3f", 0.3 + 0.7 * lit * lit
    }'
}

draw()
{
    local n
    for ((n = 0; n < pictures; n++)); do
        sed -e "s/@1@/$(brightness $n 1)/" -e "s/@2@/$(brightness $n 2)/" \
            -e "s/@3@/$(brightness $n 3)/" "$1.svg" |
            rsvg-convert --format png --output "$(printf '%s/%s-%02d.png' "$work" "$1" $n)"
    done
}

# No B-frames: pictures are shown in the order they come in. One thread and no signature of the
# encoder (SEI, bitexact): what comes out is the same on every machine.
encode()
{
    ffmpeg -nostdin -loglevel error -y \
        -framerate $pictures -i "$work/$1-%02d.png" \
        -f lavfi -i anullsrc=r=48000:cl=stereo -t 1 \
        -vf "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int+bitexact,\
format=yuv420p" \
        -c:v libx264 -profile:v main -level 3.1 -preset veryslow -tune stillimage -crf 22 \
        -threads 1 -bf 0 -refs 1 -flags +cgop -g $pictures -keyint_min $pictures -sc_threshold 0 \
        -color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709 \
        -bsf:v filter_units=remove_types=6 \
        -c:a aac -b:a 64k -flags:a +bitexact -fflags +bitexact -map_metadata -1 \
        -movflags +faststart "$work/$1.mp4"
}

for form in portrait landscape; do
    draw $form
    encode $form
    size=$(stat -c %s "$work/$form.mp4")
    if [ "$size" -gt $max_bytes ]; then
        echo "$form.mp4 has $size bytes, more than $max_bytes" >&2
        exit 1
    fi
    mv "$work/$form.mp4" $form.mp4
    echo "$form.mp4: $size bytes, $(sha256sum <$form.mp4 | cut -c 1-16)"
done
