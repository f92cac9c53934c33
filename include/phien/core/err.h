/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_ERR_H
#define PHIEN_CORE_ERR_H

/*
 * One table gives every error its code, its name and its text.
 *
 * A function that can fail returns int: 0 (PH_OK) or one of these, all negative. Three kinds of
 * failure are never mixed:
 *   - our own bug: PH_ASSERT, which stays on in release builds;
 *   - the peer's fault: the peer's session ends with a reason (see close_reason.h);
 *   - the system's (disk, descriptors, memory): degrade, count it, go on.
 * A peer can never trip an assertion.
 *
 * The codes of libuv, FFmpeg and others are translated where phien meets them, in one function
 * for each library.
 */
#define PH_ERR_MAP(X)                                                                              \
    X(1, EAGAIN, "more input is needed")                                                           \
    X(2, EINVAL, "invalid argument")                                                               \
    X(3, ENOMEM, "out of memory")                                                                  \
    X(4, ELIMIT, "a limit was exceeded")                                                           \
    X(5, EPROTO, "malformed input")                                                                \
    X(6, EUNSUPPORTED, "not supported")                                                            \
    X(7, ENOTFOUND, "not found")                                                                   \
    X(8, EEXISTS, "already there")                                                                 \
    X(9, EACCESS, "not allowed")                                                                   \
    X(10, EIO, "input or output failed")                                                           \
    X(11, ETIMEOUT, "timed out")                                                                   \
    X(12, ECLOSED, "closed")                                                                       \
    X(13, EADDRINUSE, "the address is in use")                                                     \
    X(14, EMEDIA, "the media library refused the data")                                            \
    X(15, ESTALE, "it has changed meanwhile")

enum ph_err {
    PH_OK = 0,
#define X(code, name, text) PH_##name = -(code),
    PH_ERR_MAP(X)
#undef X
};

#define PH_MUST_CHECK __attribute__((warn_unused_result))
#define PH_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Static strings; "EUNKNOWN" and a text for codes that are not in the table. */
const char *ph_err_name(int err);
const char *ph_err_text(int err);

/*
 * Asserts what only a bug of ours can break. Prints where, then aborts.
 */
#define PH_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : ph_assert_failed(#condition, __FILE__, __LINE__, __func__))

_Noreturn void ph_assert_failed(const char *condition, const char *file, int line,
                                const char *function);

#endif
