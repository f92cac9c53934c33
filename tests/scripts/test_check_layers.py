# SPDX-License-Identifier: Apache-2.0
"""check_layers.py finds what it is there to find, and nothing else."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import check_layers  # noqa: E402


class CheckLayers(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            return check_layers.check(root)[0]

    def assert_allowed(self, path, *includes, beside=()):
        files = {path: "".join(f"#include {name}\n" for name in includes)}
        files.update({name: "" for name in beside})
        self.assertEqual(self.check(files), [])

    def assert_refused(self, path, include, why, beside=()):
        files = {path: f"/* first */\n#include {include}\n"}
        files.update({name: "" for name in beside})
        found = self.check(files)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:2: includes {include[1:-1]}: "), found[0])
        self.assertIn(why, found[0])

    def test_to_the_right(self):
        self.assert_allowed("src/main.c", "<phien/app/app.h>", "<stdio.h>")
        self.assert_allowed("src/app/app.c", "<phien/ingest/rtmp.h>", "<phien/core/conf.h>")
        self.assert_allowed("src/delivery/hls.c", "<phien/package/snapshot.h>",
                            "<phien/http/router.h>", "<phien/net/mailbox.h>")
        self.assert_allowed("src/package/cmaf.c", "<phien/package/packager.h>",
                            "<phien/media/channel.h>", "<libavformat/avformat.h>")

    def test_to_the_left(self):
        self.assert_refused("src/core/conf.c", "<phien/media/track.h>", "no other folder")
        self.assert_refused("src/http/h1.c", "<phien/delivery/hls.h>", "core, net")

    def test_public_headers_are_held_like_their_folder(self):
        self.assert_refused("include/phien/media/channel.h", "<phien/package/packager.h>", "core")
        self.assert_refused("include/phien/net/loop.h", '"loop_private.h"', "public headers alone")

    def test_siblings(self):
        self.assert_refused("src/ingest/publish.c", "<phien/delivery/hls.h>", "media, net")
        self.assert_refused("src/package/packager.c", "<phien/http/router.h>", "core, media")
        self.assert_refused("src/http/h1.c", "<phien/package/snapshot.h>", "core, net")
        self.assert_refused("src/media/channel.c", "<phien/net/loop.h>", "core")

    def test_package_without_net_and_http_without_media(self):
        self.assert_refused("src/package/packager.c", "<phien/net/loop.h>", "core, media")
        self.assert_refused("src/http/h1.c", "<phien/media/track.h>", "core, net")

    def test_libraries_stay_where_they_are_known(self):
        self.assert_allowed("src/net/loop.c", "<uv.h>", "<sys/socket.h>")
        self.assert_refused("src/http/server.c", "<uv.h>", "src/net alone")
        self.assert_refused("src/ingest/rtmp/server.c", "<netinet/tcp.h>", "src/net alone")
        self.assert_refused("src/ingest/publish.c", "<openssl/crypto.h>", "src/net alone")
        self.assert_allowed("src/ingest/srt/server.c", "<srt/srt.h>")
        self.assert_allowed("src/ingest/srt/listener.c", "<srt/srt.h>")
        self.assert_refused("src/ingest/srt/session.c", "<srt/srt.h>", "alone")
        self.assert_allowed("src/core/conf.c", "<cyaml/cyaml.h>", "<yaml.h>")
        self.assert_refused("src/app/app.c", "<cyaml/cyaml.h>", "src/core alone")
        self.assert_allowed("src/http/h1.c", "<llhttp.h>")
        self.assert_refused("src/delivery/hls.c", "<llhttp.h>", "src/http alone")

    def test_ffmpeg(self):
        self.assert_allowed("include/phien/media/track.h", "<libavcodec/avcodec.h>")
        self.assert_allowed("src/ingest/rtmp/flv.c", "<libavutil/mem.h>")
        self.assert_refused("src/media/track.c", "<libavformat/avformat.h>", "src/package alone")
        self.assert_allowed("src/media/slate_file.c", "<libavformat/avformat.h>")
        self.assert_refused("src/media/slate_file.h", "<libavformat/avformat.h>", "slate_file.c")
        for path in ("src/core/buf.c", "src/net/tcp.c", "src/http/h1.c"):
            self.assert_refused(path, "<libavcodec/avcodec.h>", "know no media")

    def test_tcp_is_for_the_server_of_a_protocol(self):
        self.assert_allowed("src/ingest/rtmp/server.c", "<phien/net/tcp.h>")
        self.assert_refused("src/ingest/rtmp/session.c", "<phien/net/tcp.h>", "server.c")
        self.assert_refused("src/ingest/publish.c", "<phien/net/tcp.h>", "server.c")
        self.assert_allowed("src/http/server.c", "<phien/net/tcp.h>")

    def test_private_headers(self):
        self.assert_allowed("src/ingest/rtmp/server.c", '"session.h"', '"publish.h"',
                            beside=["src/ingest/rtmp/session.h", "src/ingest/publish.h"])
        self.assert_allowed("src/app/app.c", '"worker.h"', beside=["src/app/worker.h"])
        self.assert_refused("src/app/app.c", '"../package/window.h"', "private header of",
                            beside=["src/package/window.h"])
        self.assert_refused("src/app/app.c", '"window.h"', "no such private header",
                            beside=["src/package/window.h"])
        self.assert_refused("src/ingest/srt/server.c", '"rtmp/chunk.h"', "siblings",
                            beside=["src/ingest/rtmp/chunk.h"])

    def test_an_unknown_folder(self):
        self.assert_refused("src/extra/x.c", "<stdio.h>", "no place in the drawing")


if __name__ == "__main__":
    unittest.main()
