// SPDX-License-Identifier: Apache-2.0
/* base_test.c -- cursors, buffers, UTF-8. */
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "tests/tests.h"

/* A Variable Byte Integer takes 1 to 4 octets; 5.0 table 1-1. */
static const struct {
    uint32_t value;
    size_t n;
    uint8_t octets[4];
} varints[] = {
    {0, 1, {0x00}},
    {127, 1, {0x7F}},
    {128, 2, {0x80, 0x01}},
    {321, 2, {0xC1, 0x02}},
    {16383, 2, {0xFF, 0x7F}},
    {16384, 3, {0x80, 0x80, 0x01}},
    {2097151, 3, {0xFF, 0xFF, 0x7F}},
    {2097152, 4, {0x80, 0x80, 0x80, 0x01}},
    {268435455, 4, {0xFF, 0xFF, 0xFF, 0x7F}},
};

START_TEST(varint_is_read_and_written)
{
    uint8_t out[4];
    struct writer w = writer_of(out, sizeof out);
    write_varint(&w, varints[_i].value);
    ck_assert(!w.has_failed);
    ck_assert_uint_eq((size_t)(w.at - out), varints[_i].n);
    ck_assert_mem_eq(out, varints[_i].octets, varints[_i].n);
    ck_assert_uint_eq(varint_size(varints[_i].value), varints[_i].n);
    struct reader r = reader_of(slice_of(varints[_i].octets, varints[_i].n));
    ck_assert_uint_eq(read_varint(&r), varints[_i].value);
    ck_assert(!r.has_failed);
    ck_assert_uint_eq(reader_left(&r), 0);
}
END_TEST

/* Padded, cut short, longer than four octets. */
static const struct {
    size_t n;
    uint8_t octets[5];
} bad_varints[] = {
    {0, {0}},
    {1, {0x80}},
    {2, {0x80, 0x00}},
    {3, {0xFF, 0x80, 0x00}},
    {4, {0xFF, 0xFF, 0xFF, 0xFF}},
    {5, {0x80, 0x80, 0x80, 0x80, 0x01}},
};

START_TEST(bad_varint_fails_the_reader)
{
    struct reader r =
        reader_of(slice_of(bad_varints[_i].octets, bad_varints[_i].n));
    ck_assert_uint_eq(read_varint(&r), 0);
    ck_assert(r.has_failed);
}
END_TEST

START_TEST(varint_too_large_fails_the_writer)
{
    uint8_t out[8];
    struct writer w = writer_of(out, sizeof out);
    write_varint(&w, 268435456);
    ck_assert(w.has_failed);
}
END_TEST

START_TEST(reader_error_sticks)
{
    const uint8_t octets[] = {0x12, 0x34, 0x56};
    struct reader r = reader_of(slice_of(octets, sizeof octets));
    ck_assert_uint_eq(read_u16(&r), 0x1234);
    ck_assert_uint_eq(read_u32(&r), 0);
    ck_assert(r.has_failed);
    ck_assert_uint_eq(read_u8(&r), 0);
    ck_assert_uint_eq(read_binary(&r).n, 0);
}
END_TEST

START_TEST(writer_error_sticks)
{
    uint8_t out[3] = {0};
    struct writer w = writer_of(out, sizeof out);
    write_u16(&w, 0x1234);
    write_u32(&w, 1);
    write_u8(&w, 0xFF);
    ck_assert(w.has_failed);
    ck_assert_mem_eq(out, "\x12\x34\x00", 3);
}
END_TEST

START_TEST(buffer_keeps_octets_in_order)
{
    struct buf b = {0};
    uint8_t expected = 0, next = 0;
    for (int round = 0; round < 500; round++) {
        uint8_t octets[37];
        for (size_t i = 0; i < sizeof octets; i++)
            octets[i] = next++;
        buf_append(&b, octets, sizeof octets);
        for (size_t i = 0; i < 30; i++, expected++)
            ck_assert_uint_eq(buf_slice(&b).data[i], expected);
        buf_consume(&b, 30);
    }
    ck_assert_uint_eq(buf_size(&b), 500 * 7);
    buf_clear(&b);
}
END_TEST

static const struct {
    const char *text;
    bool is_valid;
} texts[] = {
    {"", true},
    {"plain/topic", true},
    {"\xC2\x80", true},
    {"\xDF\xBF", true},
    {"\xE0\xA0\x80", true},
    {"\xED\x9F\xBF", true},
    {"\xEE\x80\x80", true},
    {"\xEF\xBB\xBF", true},
    {"\xEF\xBF\xBF", true},
    {"\xF0\x90\x80\x80", true},
    {"\xF4\x8F\xBF\xBF", true},
    {"long enough to go eight octets at a time \xE2\x82\xAC and on", true},
    {"\x80", false},
    {"\xC0\xAF", false},
    {"\xC1\xBF", false},
    {"\xC2", false},
    {"\xE0\x9F\xBF", false},
    {"\xED\xA0\x80", false},
    {"\xED\xBF\xBF", false},
    {"\xF0\x8F\xBF\xBF", false},
    {"\xF4\x90\x80\x80", false},
    {"\xF5\x80\x80\x80", false},
    {"\xFF", false},
    {"12345678\xE2\x82", false},
    {"12345678\xE2\x28\xA1", false},
};

START_TEST(utf8_is_told_from_other_octets)
{
    struct slice s = slice_of_text(texts[_i].text);
    ck_assert_int_eq(utf8_is_valid(s, false), texts[_i].is_valid);
}
END_TEST

START_TEST(nul_is_refused_at_every_place)
{
    char text[24];
    for (size_t i = 0; i < sizeof text; i++) {
        memset(text, 'x', sizeof text);
        text[i] = '\0';
        ck_assert(!utf8_is_valid(slice_of(text, sizeof text), false));
        ck_assert(utf8_is_valid(slice_of(text, sizeof text), true));
    }
}
END_TEST

START_TEST(text_for_logs_is_cut_and_mended)
{
    char out[32];
    utf8_to_text(out, sizeof out, slice_of("\xFF\xFE\n\xC3\xA9z", 6), 4);
    ck_assert_str_eq(out, "\xEF\xBF\xBD\xEF\xBF\xBD \xC3\xA9");
    utf8_to_text(out, 4, slice_of("\xC3\xA9\xC3\xA9", 4), 9);
    ck_assert_str_eq(out, "\xC3\xA9");
}
END_TEST

#define COUNT(table) (int)(sizeof table / sizeof table[0])

Suite *suite_base(void)
{
    Suite *suite = suite_create("base");
    TCase *c = tcase_create("all");
    tcase_add_loop_test(c, varint_is_read_and_written, 0, COUNT(varints));
    tcase_add_loop_test(c, bad_varint_fails_the_reader, 0, COUNT(bad_varints));
    tcase_add_test(c, varint_too_large_fails_the_writer);
    tcase_add_test(c, reader_error_sticks);
    tcase_add_test(c, writer_error_sticks);
    tcase_add_test(c, buffer_keeps_octets_in_order);
    tcase_add_loop_test(c, utf8_is_told_from_other_octets, 0, COUNT(texts));
    tcase_add_test(c, nul_is_refused_at_every_place);
    tcase_add_test(c, text_for_logs_is_cut_and_mended);
    suite_add_tcase(suite, c);
    return suite;
}
