/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <math.h>

/* Writes what it reads as text: numbers, "strings", {key:value}, [elements]. */
static void print_value(struct ph_amf0_reader *r, struct ph_amf0_value *v, struct ph_writer *out)
{
    struct ph_amf0_value key;
    struct ph_amf0_value inner;

    switch (v->type) {
    case PH_AMF0_NUMBER:
        ph_write_format(out, "%g ", v->number);
        break;
    case PH_AMF0_BOOLEAN:
        ph_write_text(out, v->boolean ? "true " : "false ");
        break;
    case PH_AMF0_STRING:
        ph_write_format(out, "\"%.*s\" ", (int)v->len, v->text != NULL ? v->text : "");
        break;
    case PH_AMF0_OBJECT:
        ph_write_text(out, "{");
        while (ph_amf0_read_member(r, &key, &inner)) {
            ph_write_format(out, "%.*s:", (int)key.len, key.text != NULL ? key.text : "");
            print_value(r, &inner, out);
        }
        ph_write_text(out, "} ");
        break;
    case PH_AMF0_ARRAY:
        ph_write_text(out, "[");
        while (ph_amf0_read_element(r, v, &inner)) {
            print_value(r, &inner, out);
        }
        ph_write_text(out, "] ");
        break;
    case PH_AMF0_NULL:
        ph_write_text(out, "null ");
        break;
    case PH_AMF0_UNDEFINED:
        ph_write_text(out, "undefined ");
        break;
    case PH_AMF0_REFERENCE:
        ph_write_text(out, "reference ");
        break;
    case PH_AMF0_DATE:
        ph_write_format(out, "date %g ", v->number);
        break;
    case PH_AMF0_AMF3:
        ph_write_text(out, "amf3 ");
        break;
    default:
        ph_write_text(out, "? ");
        break;
    }
}

static int print_all(const struct ph_writer *bytes, struct ph_writer *out)
{
    struct ph_amf0_reader r;
    struct ph_amf0_value v;

    ph_amf0_reader_init(&r, bytes->data, bytes->len);
    while (ph_amf0_read(&r, &v)) {
        print_value(&r, &v, out);
    }
    ph_write_u8(out, '\0');
    if (r.err == PH_OK) {
        assert_int_equal(r.depth, 0);
    }
    return r.err;
}

static void expect_text(const char *hex, const char *text)
{
    struct ph_writer bytes = from_hex(hex);
    struct ph_writer out = from_hex("");

    assert_int_equal(print_all(&bytes, &out), PH_OK);
    assert_string_equal((char *)out.data, text);
    ph_writer_fini(&bytes);
    ph_writer_fini(&out);
}

static void expect_error(struct ph_writer *bytes, int err)
{
    struct ph_writer out = from_hex("");

    assert_int_equal(print_all(bytes, &out), err);
    ph_writer_fini(bytes);
    ph_writer_fini(&out);
}

static void test_values(void **state)
{
    (void)state;
    expect_text("", "");
    expect_text("00 3ff8000000000000", "1.5 ");
    expect_text("00 c08f400000000000", "-1000 ");
    expect_text("01 00 01 01 01 07", "false true true ");
    expect_text("02 0003 616263 02 0000", "\"abc\" \"\" ");
    expect_text("05 06 0d", "null undefined undefined ");
    expect_text("07 0001", "reference ");
    expect_text("0b 4010000000000000 0000", "date 4 ");
    expect_text("0c 00000002 6162 0f 00000001 78", "\"ab\" \"x\" ");
    expect_text("11 0a0b01", "amf3 ");
}

static void test_containers(void **state)
{
    (void)state;
    expect_text("03 000009", "{} ");
    expect_text("03 0001 61 05 0002 6263 01 01 000009 05", "{a:null bc:true } null ");
    /* An ECMA array's count is a hint: too large, too small. */
    expect_text("08 ffffffff 0001 61 05 000009", "{a:null } ");
    expect_text("08 00000000 0001 61 05 0001 62 05 000009", "{a:null b:null } ");
    expect_text("0a 00000002 05 06 05", "[null undefined ] null ");
    expect_text("0a 00000000 05", "[] null ");
    expect_text("10 0004 54797065 0001 61 05 000009 05", "{a:null } null ");
    expect_text("03 0001 61 03 0001 62 0a00000001 05 000009 0001 63 06 000009",
                "{a:{b:[null ] } c:undefined } ");
    /* An empty key is a key unless the end marker follows. */
    expect_text("03 0000 05 000009", "{:null } ");
}

static void test_missing_end(void **state)
{
    (void)state;
    expect_text("03 0001 61 05", "{a:null } ");
    expect_text("03 0001 61 05 0000", "{a:null } ");
    expect_text("08 00000001 0001 61 03 0001 62 05", "{a:{b:null } } ");
}

static void test_cut_short(void **state)
{
    static const char *const whole =
        "02 0003 616263 00 3ff8000000000000 03 0001 61 02 0001 62 0001 63 0a00000001 01 01 000009"
        "0b 4010000000000000 0000 0c 00000001 61 07 0001";
    struct ph_writer bytes = from_hex(whole);
    size_t failures = 0;

    (void)state;
    /* Cut anywhere, it either fails or ends where a value ends; it never reads on. */
    for (size_t len = 0; len < bytes.len; len++) {
        struct ph_writer part = from_hex("");
        struct ph_writer out = from_hex("");
        ph_write_bytes(&part, bytes.data, len);
        int err = print_all(&part, &out);
        assert_true(err == PH_OK || err == PH_EPROTO);
        failures += err == PH_EPROTO;
        ph_writer_fini(&part);
        ph_writer_fini(&out);
    }
    assert_in_range(failures, 40, bytes.len);
    ph_writer_fini(&bytes);
}

static void test_malformed(void **state)
{
    static const char *const rows[] = {
        "04",
        "0e",
        "12",
        "ff",
        "09",
        "02 0004 616263",
        "0c ffffffff 61",
        "0a 00000002 05",
        "0a ffffffff",
        "03 0001",
        "03 0001 61",
        "03 0001 61 ff",
        "00 00",
        "01",
        "08 0000",
        "10 ffff 61",
        "0b 00",
        "07 00",
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct ph_writer bytes = from_hex(rows[i]);
        struct ph_writer out = from_hex("");
        int err = print_all(&bytes, &out);
        if (err != PH_EPROTO && err != PH_ELIMIT) {
            fail_msg("%s was read as %s", rows[i], (char *)out.data);
        }
        ph_writer_fini(&bytes);
        ph_writer_fini(&out);
    }
}

static void write_nested(struct ph_writer *out, unsigned depth, const char *open)
{
    for (unsigned i = 0; i < depth; i++) {
        write_hex(out, open);
    }
    write_hex(out, "05");
}

static void test_depth_limit(void **state)
{
    (void)state;
    struct ph_writer bytes = from_hex("");
    struct ph_writer out = from_hex("");
    write_nested(&bytes, PH_AMF0_DEPTH_MAX, "0a 00000001");
    assert_int_equal(print_all(&bytes, &out), PH_OK);
    ph_writer_fini(&bytes);
    ph_writer_fini(&out);

    bytes = from_hex("");
    write_nested(&bytes, PH_AMF0_DEPTH_MAX + 1, "0a 00000001");
    expect_error(&bytes, PH_ELIMIT);
    bytes = from_hex("");
    write_nested(&bytes, PH_AMF0_DEPTH_MAX, "03 0001 61");
    out = from_hex("");
    assert_int_equal(print_all(&bytes, &out), PH_OK);
    ph_writer_fini(&bytes);
    ph_writer_fini(&out);
    bytes = from_hex("");
    write_nested(&bytes, 20000, "03 0001 61");
    expect_error(&bytes, PH_ELIMIT);
}

static void test_other_limits(void **state)
{
    struct ph_writer bytes = from_hex("03");

    (void)state;
    for (unsigned i = 0; i <= PH_AMF0_KEYS_MAX; i++) {
        write_hex(&bytes, "0001 61 05");
    }
    expect_error(&bytes, PH_ELIMIT);
    bytes = from_hex("");
    for (unsigned i = 0; i <= PH_AMF0_VALUES_MAX; i++) {
        write_hex(&bytes, "05");
    }
    expect_error(&bytes, PH_ELIMIT);
    bytes = from_hex("02 2001");
    write_pattern(&bytes, PH_AMF0_STRING_MAX + 1, 0);
    expect_error(&bytes, PH_ELIMIT);
    bytes = from_hex("0c 00002001");
    write_pattern(&bytes, PH_AMF0_STRING_MAX + 1, 0);
    expect_error(&bytes, PH_ELIMIT);
    bytes = from_hex("03 2001");
    write_pattern(&bytes, PH_AMF0_STRING_MAX + 1, 0);
    expect_error(&bytes, PH_ELIMIT);
    /* Just within. */
    struct ph_writer out = from_hex("");
    bytes = from_hex("02 2000");
    write_pattern(&bytes, PH_AMF0_STRING_MAX, 0);
    assert_int_equal(print_all(&bytes, &out), PH_OK);
    ph_writer_fini(&bytes);
    ph_writer_fini(&out);
}

static void test_skip(void **state)
{
    struct ph_writer bytes =
        from_hex("03 0001 61 0a00000002 03 0001 62 05 000009 05 000009 02 0001 7a");
    struct ph_amf0_reader r;
    struct ph_amf0_value v;

    (void)state;
    ph_amf0_reader_init(&r, bytes.data, bytes.len);
    assert_true(ph_amf0_read(&r, &v));
    ph_amf0_skip(&r, &v);
    assert_true(ph_amf0_read(&r, &v));
    assert_true(ph_amf0_is(&v, "z"));
    assert_false(ph_amf0_is(&v, "zz"));
    assert_false(ph_amf0_is(&v, ""));
    assert_false(ph_amf0_read(&r, &v));
    assert_int_equal(r.err, PH_OK);
    assert_int_equal(r.depth, 0);
    ph_writer_fini(&bytes);
}

static void test_dup(void **state)
{
    struct ph_writer bytes = from_hex("02 0005 6162 00 6364 05");
    struct ph_amf0_reader r;
    struct ph_amf0_value v;

    (void)state;
    ph_amf0_reader_init(&r, bytes.data, bytes.len);
    assert_true(ph_amf0_read(&r, &v));
    char *text = ph_amf0_dup(&v);
    assert_string_equal(text, "ab");
    free(text);
    assert_true(ph_amf0_read(&r, &v));
    text = ph_amf0_dup(&v);
    assert_string_equal(text, "");
    free(text);
    ph_writer_fini(&bytes);
}

static void test_writer(void **state)
{
    struct ph_writer out = from_hex("");
    struct ph_writer text = from_hex("");

    (void)state;
    ph_amf0_write_string(&out, "_result");
    ph_amf0_write_number(&out, 4);
    ph_amf0_write_null(&out);
    ph_amf0_write_undefined(&out);
    ph_amf0_write_boolean(&out, true);
    expect_hex(out.data, out.len, "02 0007 5f726573756c74 | 00 4010000000000000 | 05 | 06 | 01 01");
    ph_writer_fini(&out);

    out = from_hex("");
    ph_amf0_write_object(&out);
    ph_amf0_write_string_member(&out, "k", "v");
    ph_amf0_write_key(&out, "list");
    ph_amf0_write_array(&out, 1);
    ph_amf0_write_number(&out, 2);
    ph_amf0_write_end(&out);
    ph_amf0_write_ecma_array(&out, 1);
    ph_amf0_write_number_member(&out, "n", -0.5);
    ph_amf0_write_end(&out);
    assert_int_equal(print_all(&out, &text), PH_OK);
    assert_string_equal((char *)text.data, "{k:\"v\" list:[2 ] } {n:-0.5 } ");
    ph_writer_fini(&out);
    ph_writer_fini(&text);
}

static void test_writer_long_texts(void **state)
{
    struct ph_writer out = from_hex("");
    char *text = calloc(1, 70001);

    (void)state;
    memset(text, 'x', 70000);
    ph_amf0_write_string(&out, text);
    expect_hex(out.data, 5, "0c 00011170");
    assert_int_equal(out.len, 70005);
    ph_amf0_write_key(&out, text);
    assert_true(out.failed);
    free(text);
    ph_writer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_missing_end),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_other_limits),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_dup),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_writer_long_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
