/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words in which a refusal or an end reaches the phone's screen. Never the words with which
 * Adobe's servers ask for a challenge ("auth" modes, "reason=" queries): RootEncoder and
 * HaishinKit would start one.
 */
#include "status.h"

#include <phien/core/err.h>

#include <stddef.h>

#define BAD_NAME "NetStream.Publish.BadName"
#define REJECTED "NetStream.Publish.Rejected"

struct ph_rtmp_status ph_rtmp_status_for(enum ph_close_reason reason)
{
    static const struct ph_rtmp_status statuses[PH_CLOSE_COUNT] = {
        [PH_CLOSE_UNPUBLISH] = {"status", "NetStream.Unpublish.Success", "The stream has ended."},
        [PH_CLOSE_TAKEOVER] = {"error", BAD_NAME,
                               "Another device now publishes with this stream key."},
        [PH_CLOSE_CONTESTED] = {"error", BAD_NAME,
                                "Another device is on air with this stream key and keeps taking it "
                                "back. Stop the other one first."},
        [PH_CLOSE_ALREADY_PUBLISHING] = {"error", BAD_NAME,
                                         "Another device is on air with this stream key. Stop it "
                                         "first."},
        [PH_CLOSE_LIMIT] = {"error", REJECTED,
                            "The stream is larger than this server takes. Lower the bitrate."},
        [PH_CLOSE_NO_KEY_FRAME] = {"error", REJECTED,
                                   "No key frame came. Set the key frame interval to 2 seconds."},
        [PH_CLOSE_BAD_KEY] = {"error", BAD_NAME,
                              "The stream key is wrong. Copy it again from the studio page."},
        [PH_CLOSE_UNKNOWN_CHANNEL] = {"error", BAD_NAME,
                                      "There is no such channel. Check the address and the stream "
                                      "key."},
        [PH_CLOSE_UNSUPPORTED_CODEC] = {"error", REJECTED,
                                        "This codec cannot be played. Send H.264 video and AAC "
                                        "audio."},
        [PH_CLOSE_PLAY_REFUSED] = {"error", "NetStream.Play.StreamNotFound",
                                   "This server only receives over RTMP. Watch it over HLS."},
        [PH_CLOSE_OVERLOAD] = {"error", REJECTED,
                               "The server is overloaded. Try again in a minute."},
        [PH_CLOSE_TOO_MANY_CONNECTIONS] = {"error", REJECTED,
                                           "Too many connections from this address. Close the "
                                           "others first."},
    };

    PH_ASSERT(reason >= PH_CLOSE_NONE && reason < PH_CLOSE_COUNT);
    return statuses[reason];
}
