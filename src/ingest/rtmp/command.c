/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of a publisher (RTMP 1.0 §7.2 and what FMLE added to it), each answered at once
 * with the transaction id it came with, so a peer may send them all without waiting.
 */
#include "session_private.h"
#include "target.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

struct command {
    double transaction; /* 0: no answer is wanted */
    uint32_t msid;
    struct ph_amf0_reader args;
};

static void answer_null(struct ph_rtmp_session *session, const struct command *command,
                        bool has_undefined)
{
    if (command->transaction == 0) {
        return;
    }
    struct ph_writer body = ph_rtmp_reply_begin("_result", command->transaction);
    ph_amf0_write_null(&body);
    if (has_undefined) {
        ph_amf0_write_undefined(&body);
    }
    ph_rtmp_reply_send(&session->reply, 0, &body);
}

static int run_connect(struct ph_rtmp_session *session, struct command *command)
{
    if (session->phase != PH_RTMP_PHASE_CONNECT) {
        return ph_rtmp_session_fail(session, PH_EPROTO, PH_CLOSE_PROTOCOL, "a second connect");
    }
    if (ph_rtmp_connect_read(&session->connect, &command->args) != PH_OK) {
        return ph_rtmp_session_fail(session, PH_EPROTO, PH_CLOSE_PROTOCOL,
                                    "connect without a readable object");
    }
    ph_rtmp_connect_accept(&session->connect, &session->reply, command->transaction);
    ph_rtmp_session_enter(session, PH_RTMP_PHASE_PUBLISH, session->limits.publish_timeout);
    return PH_OK;
}

static int run_release_stream(struct ph_rtmp_session *session, struct command *command)
{
    answer_null(session, command, true);
    return PH_OK;
}

static int run_fc_publish(struct ph_rtmp_session *session, struct command *command)
{
    answer_null(session, command, true);
    /* FMLE waits for this one too. */
    struct ph_writer body = ph_rtmp_reply_begin("onFCPublish", 0);
    ph_amf0_write_null(&body);
    ph_amf0_write_object(&body);
    ph_amf0_write_string_member(&body, "code", "NetStream.Publish.Start");
    ph_amf0_write_string_member(&body, "description", "Go on with publish.");
    ph_amf0_write_end(&body);
    ph_rtmp_reply_send(&session->reply, 0, &body);
    return PH_OK;
}

static int run_create_stream(struct ph_rtmp_session *session, struct command *command)
{
    session->last_msid++;
    if (command->transaction != 0) {
        struct ph_writer body = ph_rtmp_reply_begin("_result", command->transaction);
        ph_amf0_write_null(&body);
        ph_amf0_write_number(&body, session->last_msid);
        ph_rtmp_reply_send(&session->reply, 0, &body);
    }
    return PH_OK;
}

static int run_unknown(struct ph_rtmp_session *session, struct command *command)
{
    answer_null(session, command, false);
    return PH_OK;
}

static enum ph_close_reason ask_owner(struct ph_rtmp_session *session, const char *name,
                                      const char **message)
{
    struct ph_rtmp_target target;

    ph_rtmp_target_init(&target, session->connect.app, session->connect.tc_url, name);
    const struct ph_rtmp_publish publish = {
        .app = target.app,
        .name = target.name,
        .query = target.query,
        .flash_ver = session->connect.flash_ver,
        .caps_ex = session->connect.caps_ex,
    };
    enum ph_close_reason reason = session->ops->on_publish(session->arg, &publish, message);
    ph_rtmp_target_fini(&target);
    return reason;
}

static void start(struct ph_rtmp_session *session)
{
    static const struct ph_rtmp_status started = {"status", "NetStream.Publish.Start",
                                                  "The stream is on air."};

    session->is_publishing = true;
    ph_rtmp_session_enter(session, PH_RTMP_PHASE_MEDIA, 0);
    ph_rtmp_reply_event(&session->reply, PH_RTMP_STREAM_BEGIN, session->publish_msid);
    ph_rtmp_reply_status(&session->reply, session->publish_msid, &started);
}

static int refuse(struct ph_rtmp_session *session, enum ph_close_reason reason, const char *message)
{
    struct ph_rtmp_status status = ph_rtmp_status_for(reason);

    if (message != NULL && status.code != NULL) {
        status.description = message;
        ph_rtmp_reply_status(&session->reply, session->publish_msid, &status);
        session->publish_msid = 0; /* it has been told */
    }
    return ph_rtmp_session_fail(session, PH_EACCESS, reason, "%s", "");
}

/* The message stream to talk about; some applications never ask for one. */
static uint32_t choose_msid(const struct command *command)
{
    return command->msid != 0 ? command->msid : 1;
}

static int run_publish(struct ph_rtmp_session *session, struct command *command)
{
    static const struct ph_rtmp_status again = {
        "error", "NetStream.Publish.BadName",
        "This connection already publishes. Open another one for a second stream."};
    struct ph_amf0_value value;
    const char *message = NULL;

    if (session->is_publishing) {
        ph_rtmp_reply_status(&session->reply, choose_msid(command), &again);
        return ph_rtmp_session_fail(session, PH_EPROTO, PH_CLOSE_PROTOCOL, "a second publish");
    }
    session->publish_msid = choose_msid(command);
    /* The command object, then the name, which may be empty if the key stands in app. */
    if (ph_amf0_read(&command->args, &value)) {
        ph_amf0_skip(&command->args, &value);
    }
    if (!ph_amf0_read(&command->args, &value) && command->args.err != PH_OK) {
        return ph_rtmp_session_fail(session, PH_EPROTO, PH_CLOSE_PROTOCOL,
                                    "publish without a readable name");
    }
    char *name = ph_amf0_dup(&value);
    enum ph_close_reason reason = ask_owner(session, name, &message);
    free(name);
    if (session->phase == PH_RTMP_PHASE_OVER) {
        return session->err;
    }
    if (reason != PH_CLOSE_NONE) {
        return refuse(session, reason, message);
    }
    start(session);
    return PH_OK;
}

static int run_play(struct ph_rtmp_session *session, struct command *command)
{
    session->publish_msid = choose_msid(command);
    return ph_rtmp_session_fail(session, PH_EACCESS, PH_CLOSE_PLAY_REFUSED, "%s", "");
}

/* FCUnpublish, deleteStream, closeStream: whichever comes first. Before publish it means nothing.
 */
static int run_unpublish(struct ph_rtmp_session *session, struct command *command)
{
    answer_null(session, command, false);
    if (!session->is_publishing) {
        return PH_OK;
    }
    return ph_rtmp_session_fail(session, PH_ECLOSED, PH_CLOSE_UNPUBLISH, "%s", "");
}

struct handler {
    const char *name;
    int (*run)(struct ph_rtmp_session *session, struct command *command);
};

static const struct handler *find_handler(const struct ph_amf0_value *name)
{
    static const struct handler handlers[] = {
        {"connect", run_connect},
        {"releaseStream", run_release_stream},
        {"FCPublish", run_fc_publish},
        {"createStream", run_create_stream},
        {"publish", run_publish},
        {"FCUnpublish", run_unpublish},
        {"deleteStream", run_unpublish},
        {"closeStream", run_unpublish},
        {"play", run_play},
        {"play2", run_play},
    };
    static const struct handler unknown = {"", run_unknown};

    for (size_t i = 0; i < PH_ARRAY_SIZE(handlers); i++) {
        if (ph_amf0_is(name, handlers[i].name)) {
            return &handlers[i];
        }
    }
    return &unknown;
}

/* An answer to something that we never asked. */
static bool is_response(const struct ph_amf0_value *name)
{
    return ph_amf0_is(name, "_result") || ph_amf0_is(name, "_error") ||
           ph_amf0_is(name, "onStatus");
}

int ph_rtmp_command_take(struct ph_rtmp_session *session, const struct ph_rtmp_message *message)
{
    struct command command = {.msid = message->msid};
    struct ph_amf0_value name;
    struct ph_amf0_value value;
    /* Type 17 says AMF3, but what is sent is a zero byte and AMF0. */
    size_t skip =
        message->type == PH_RTMP_COMMAND_AMF3 && message->len > 0 && message->data[0] == 0;

    ph_amf0_reader_init(&command.args, skip > 0 ? message->data + skip : message->data,
                        message->len - skip);
    if (!ph_amf0_read(&command.args, &name) || name.type != PH_AMF0_STRING) {
        return ph_rtmp_session_fail(session, PH_EPROTO, PH_CLOSE_PROTOCOL,
                                    "a command without a name");
    }
    if (ph_amf0_read(&command.args, &value) && value.type == PH_AMF0_NUMBER) {
        command.transaction = value.number;
    }
    if (session->phase < PH_RTMP_PHASE_MEDIA &&
        ++session->commands > session->limits.commands_before_publish) {
        return ph_rtmp_session_fail(session, PH_ELIMIT, PH_CLOSE_LIMIT,
                                    "more than %u commands before publish",
                                    session->limits.commands_before_publish);
    }
    const struct handler *handler = find_handler(&name);
    if (session->phase == PH_RTMP_PHASE_CONNECT && handler->run != run_connect) {
        return ph_rtmp_session_fail(session, PH_EPROTO, PH_CLOSE_PROTOCOL,
                                    "a command before connect");
    }
    return is_response(&name) ? PH_OK : handler->run(session, &command);
}
