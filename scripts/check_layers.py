#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Holds every #include of src/ and include/ to the drawing in src/README.md:

    main.c -> app -> { ingest, delivery, overlay } -> { package, http } -> { media, net } -> core

Prints one line for each offence and exits 1 if there are any. Tests may include what they like.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Which folders' public headers each folder may include besides its own. Narrower than "all to
# the right": package is plain functions without a network, http serves whatever it is given.
MAY_INCLUDE = {
    "core": set(),
    "media": {"core"},
    "net": {"core"},
    "package": {"media", "core"},
    "http": {"net", "core"},
    "web": {"core"},
    "ingest": {"media", "net", "core"},
    "delivery": {"package", "http", "media", "net", "core"},
    "overlay": {"http", "media", "net", "core"},
    "app": {"ingest", "delivery", "overlay", "web", "package", "http", "media", "net", "core"},
    "main.c": {"app", "core"},
}

# Whose a library is: (its headers, where in src/ they may be included, why).
LIBRARIES = [
    (r"uv\.h|uv/", r"net/", "libuv is known to src/net alone"),
    (r"openssl/", r"net/", "OpenSSL is known to src/net alone"),
    (r"sys/socket\.h|sys/epoll\.h|sys/un\.h|netinet/|netdb\.h|poll\.h", r"net/",
     "sockets are known to src/net alone"),
    (r"srt/", r"ingest/srt/(?:server|listener|connection|library)\.c$",
     "libsrt is known to src/ingest/srt/{server,listener,connection,library}.c alone"),
    (r"cyaml/|yaml\.h", r"core/", "the config is read in src/core alone"),
    (r"llhttp\.h|nghttp2/", r"http/", "HTTP's framing is known to src/http alone"),
    # It muxes what viewers get, and takes apart what is linked in; what peers send it never sees.
    (r"libavformat/", r"package/|media/slate_file\.c$",
     "libavformat is for src/package alone, but for src/media/slate_file.c"),
    (r"libav(?:codec|util)/", r"(?!core/|net/|http/)",
     "src/core, src/net and src/http know no media"),
    (r"jansson\.h", r"(?:app|delivery|overlay)/",
     "JSON is spoken by src/app, src/delivery and src/overlay alone"),
    (r"sqlite3\.h", r"overlay/", "SQLite is known to src/overlay alone"),
    (r"zlib\.h", r"package/", "zlib is for src/package alone"),
    (r"phien/net/tcp\.h", r"(?!ingest/(?!\w+/server\.[ch]$))",
     "in src/ingest only a protocol's server.c knows TCP"),
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def sources(root):
    """(path, place) of each C file; place is the path in src/ that the file's rules go by."""
    for base in ("src", "include/phien"):
        for path in sorted((root / base).rglob("*.[ch]")):
            yield path, path.relative_to(root / base).as_posix()


def private_offence(root, path, folder, name):
    """Why `path` may not include "name"; None if it may."""
    own = root / "src" / folder
    if root / "include" in path.parents:
        return "a public header includes public headers alone, with <>"
    for base in (path.parent, own):
        found = (base / name).resolve()
        if found.is_file():
            if own.resolve() not in found.parents:
                return f"a private header of {found.parent.relative_to(root.resolve())}"
            theirs = found.relative_to(own.resolve()).parts[:-1]
            ours = path.relative_to(own).parts[:-1]
            if theirs and ours and theirs[0] != ours[0]:
                return f"{ours[0]} and {theirs[0]} in src/{folder} are siblings"
            return None
    return f"no such private header in src/{folder}"


def offence(root, path, place, quote, name):
    """Why this include is against the drawing; None if it isn't."""
    folder = place.split("/")[0]
    if folder not in MAY_INCLUDE:
        return f"src/{folder} has no place in the drawing"
    if quote == '"':
        return private_offence(root, path, folder, name)
    for headers, places, why in LIBRARIES:
        if re.match(headers, name) and not re.match(places, place):
            return why
    match = re.match(r"phien/(\w+)/", name)
    if match and match.group(1) != folder and match.group(1) not in MAY_INCLUDE[folder]:
        allowed = ", ".join(sorted(MAY_INCLUDE[folder])) or "no other folder"
        return f"{folder} may include {allowed}"
    return None


def check(root):
    """All offences below `root`, as lines of text, and how many includes were looked at."""
    found = []
    count = 0
    for path, place in sources(root):
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            count += 1
            why = offence(root, path, place, match.group(1), match.group(2))
            if why:
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{path.relative_to(root)}:{line}: includes {match.group(2)}: {why}")
    return found, count


def main():
    found, count = check(ROOT)
    for line in found:
        print(line)
    print(f"check_layers: {count} includes, {len(found)} against the drawing")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
