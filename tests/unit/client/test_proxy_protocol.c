#include "client/proxy_protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define IPV4_ENDS "\xc0\x00\x02\x01\xc0\x00\x02\x02\xdc\x04\x01\xbb"
#define IPV6_ENDS                                                                                  \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\xdc\x04" \
    "\x01\xbb"

/* Reads from memory of exactly that size, so that ASan sees a read past its end. */
static enum proxy_result read_exactly(struct span bytes, struct proxy_header *header)
{
    char *copy = xmalloc(bytes.len);
    if (bytes.len > 0)
        memcpy(copy, bytes.at, bytes.len);
    enum proxy_result result = proxy_protocol_read((struct span){copy, bytes.len}, header);
    free(copy);
    return result;
}

/* A good header: whole, cut at each byte, and with a client's bytes behind it. */
static void assert_source(struct span bytes, const char *source)
{
    char text[ADDRESS_TEXT_SIZE], longer[PROXY_HEADER_MAX + 8];
    struct proxy_header header;
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_equal(read_exactly((struct span){bytes.at, len}, &header), PROXY_PARTIAL);
    memcpy(longer, bytes.at, bytes.len);
    memcpy(longer + bytes.len, "PROXY GE", 8);
    for (size_t extra = 0; extra <= 8; extra++) {
        header = (struct proxy_header){.len = 77};
        assert_int_equal(read_exactly((struct span){longer, bytes.len + extra}, &header),
                         PROXY_COMPLETE);
        assert_int_equal(header.len, bytes.len);
        assert_true(span_equal(address_write(&header.source, text), span_of(source)));
    }
}

/* A bad one: refused whole, and never complete when cut; once refused it stays so. */
static void assert_refused(struct span bytes)
{
    struct proxy_header header;
    bool was_refused = false;
    for (size_t len = 0; len <= bytes.len; len++) {
        enum proxy_result result = read_exactly((struct span){bytes.at, len}, &header);
        assert_true(result == PROXY_REFUSED || (!was_refused && result == PROXY_PARTIAL));
        was_refused = result == PROXY_REFUSED;
    }
    assert_true(was_refused);
}

/* --- Version 1 --- */

static void a_line_says_the_source(void **state)
{
    (void)state;
    assert_source(SPAN("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"), "192.0.2.1");
    assert_source(SPAN("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
                  "255.255.255.255");
    assert_source(SPAN("PROXY TCP4 192.0.2.1 192.0.2.2 0 0\r\n"), "192.0.2.1");
    assert_source(SPAN("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"), "2001:db8::1");
    assert_source(SPAN("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), "192.0.2.1");
}

static void unknown_says_none(void **state)
{
    (void)state;
    assert_source(SPAN("PROXY UNKNOWN\r\n"), "");
    assert_source(SPAN("PROXY UNKNOWN 192.0.2.1 192.0.2.2 56324 443\r\n"), "");
    assert_source(SPAN("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
                  "");
}

static void lines_in_another_form_are_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "GET / HTTP/1.1\r\n",
        "proxy TCP4 192.0.2.1 192.0.2.2 56324 443\r\n",
        "PROXY\r\n",
        "PROXY \r\n",
        "PROXY  TCP4 192.0.2.1 192.0.2.2 56324 443\r\n",
        "PROXY TCP5 192.0.2.1 192.0.2.2 56324 443\r\n",
        "PROXY tcp4 192.0.2.1 192.0.2.2 56324 443\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 56324 443\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP4 192.0.2.1\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56324 \r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 \r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 1\r\n",
        "PROXY TCP4  192.0.2.1 192.0.2.2 56324 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2\t56324 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\r\n",
        "PROXY TCP4 192.0.2.1\r 192.0.2.2 56324 443\r\n",
        "PROXY TCP4 192.0.2.256 192.0.2.2 56324 443\r\n",
        "PROXY TCP4 192.0.2.01 192.0.2.2 56324 443\r\n",
        "PROXY TCP4 192.0.2 192.0.2.2 56324 443\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 56324 443\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 56324 443\r\n",
        "PROXY TCP6 2001:db8::1 192.0.2.2 56324 443\r\n",
        "PROXY TCP6 [2001:db8::1] 2001:db8::2 56324 443\r\n",
        "PROXY TCP6 fe80::1%eth0 2001:db8::2 56324 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 65536 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 56324 -1\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 056324 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 00 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 +1 443\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 http 443\r\n",
        "PROXY UNKNOWNX\r\n",
        "PROXY UNKNOWN \r \r\n",
        "\nPROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n",
        "\r\nPROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        assert_refused(span_of(lines[i]));
    assert_refused(SPAN("PROXY TCP4 192.0.2.1\0 192.0.2.2 56324 443\r\n"));
}

static void a_line_without_its_end_is_refused_at_the_bound(void **state)
{
    (void)state;
    enum { MOST = 107 };
    char line[MOST + 1];
    struct proxy_header header;
    memset(line, 'x', sizeof(line));
    memcpy(line, "PROXY UNKNOWN ", 14);
    assert_int_equal(read_exactly((struct span){line, MOST - 1}, &header), PROXY_PARTIAL);
    assert_int_equal(read_exactly((struct span){line, MOST}, &header), PROXY_REFUSED);
    memcpy(line + MOST - 2, "\r\n", 2);
    assert_source((struct span){line, MOST}, "");
    memcpy(line + MOST - 2, "x\r\n", 3);
    assert_refused((struct span){line, MOST + 1});
}

/* --- Version 2 --- */

static void a_block_says_the_source(void **state)
{
    (void)state;
    assert_source(SPAN(SIGNATURE "\x21\x11\x00\x0c" IPV4_ENDS), "192.0.2.1");
    assert_source(SPAN(SIGNATURE "\x21\x21\x00\x24" IPV6_ENDS), "2001:db8::1");
}

static void local_and_unspecified_say_none(void **state)
{
    (void)state;
    assert_source(SPAN(SIGNATURE "\x20\x00\x00\x00"), "");
    assert_source(SPAN(SIGNATURE "\x20\x11\x00\x0c" IPV4_ENDS), "");
    assert_source(SPAN(SIGNATURE "\x20\xff\x00\x03"
                                 "abc"),
                  "");
    assert_source(SPAN(SIGNATURE "\x21\x00\x00\x00"), "");
    assert_source(SPAN(SIGNATURE "\x21\x00\x00\x03"
                                 "abc"),
                  "");
}

static void extensions_are_passed_over(void **state)
{
    (void)state;
    assert_source(SPAN(SIGNATURE "\x21\x11\x00\x16" IPV4_ENDS "\x02\x00\x04"
                                 "name"
                                 "\x04\x00\x00"),
                  "192.0.2.1");
    assert_source(SPAN(SIGNATURE "\x21\x21\x00\x27" IPV6_ENDS "\xee\x00\x00"), "2001:db8::1");
}

static void blocks_in_another_form_are_refused(void **state)
{
    (void)state;
    static const struct span blocks[] = {
        SPAN_INIT("\r\n\r\n\0\r\nQUIT\r\x21\x11\x00\x0c" IPV4_ENDS),
        SPAN_INIT(SIGNATURE "\x11\x11\x00\x0c" IPV4_ENDS), /* version 1 in a block */
        SPAN_INIT(SIGNATURE "\x31\x11\x00\x0c" IPV4_ENDS),
        SPAN_INIT(SIGNATURE "\x22\x11\x00\x0c" IPV4_ENDS), /* a command that does not exist */
        SPAN_INIT(SIGNATURE "\x21\x12\x00\x0c" IPV4_ENDS), /* UDP */
        SPAN_INIT(SIGNATURE "\x21\x22\x00\x24" IPV6_ENDS),
        SPAN_INIT(SIGNATURE "\x21\x10\x00\x0c" IPV4_ENDS), /* half a family */
        SPAN_INIT(SIGNATURE "\x21\x01\x00\x0c" IPV4_ENDS),
        SPAN_INIT(SIGNATURE "\x21\x31\x00\x0c" IPV4_ENDS), /* a Unix socket */
        SPAN_INIT(SIGNATURE "\x21\x11\x00\x00"),           /* too short for its addresses */
        SPAN_INIT(SIGNATURE "\x21\x11\x00\x0b" IPV4_ENDS),
        SPAN_INIT(SIGNATURE "\x21\x21\x00\x0c" IPV4_ENDS),
        SPAN_INIT(SIGNATURE "\x21\x11\x00\x0d" IPV4_ENDS "\x04"), /* extensions cut short */
        SPAN_INIT(SIGNATURE "\x21\x11\x00\x0e" IPV4_ENDS "\x04\x00"),
        SPAN_INIT(SIGNATURE "\x21\x11\x00\x0f" IPV4_ENDS "\x04\x00\x01"),
        SPAN_INIT(SIGNATURE "\x21\x11\x00\x10" IPV4_ENDS "\x04\xff\xff\x00"),
    };
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        assert_refused(blocks[i]);
}

/* CRC-32C of the whole block with four zeros in the sum's place, worked out elsewhere. */
static void the_sum_of_a_block_must_be_right(void **state)
{
    (void)state;
    char block[] = SIGNATURE "\x21\x11\x00\x13" IPV4_ENDS "\x03\x00\x04\x00\x00\x00\x00";
    enum { LEN = sizeof(block) - 1 };
    assert_refused((struct span){block, LEN});
    memcpy(block + LEN - 4, "\xd6\xc8\xc7\x5f", 4);
    assert_source((struct span){block, LEN}, "192.0.2.1");
    block[20] ^= 1; /* another source address */
    assert_refused((struct span){block, LEN});
    block[20] ^= 1;
    assert_refused(SPAN(SIGNATURE "\x21\x11\x00\x12" IPV4_ENDS "\x03\x00\x03\x00\x00\x00"));
}

static void make_long_block(char *block, size_t len)
{
    size_t rest = len - 16, extension = len - 16 - 12 - 3;
    memset(block, 'x', len);
    memcpy(block, SIGNATURE "\x21\x11", 14);
    block[14] = (char)(rest >> 8);
    block[15] = (char)(rest & 0xff);
    memcpy(block + 16, IPV4_ENDS "\xe0", 13);
    block[29] = (char)(extension >> 8);
    block[30] = (char)(extension & 0xff);
}

static void a_block_beyond_the_bound_is_refused_by_its_length(void **state)
{
    (void)state;
    char block[PROXY_HEADER_MAX + 1];
    struct proxy_header header;
    make_long_block(block, PROXY_HEADER_MAX);
    assert_source((struct span){block, PROXY_HEADER_MAX}, "192.0.2.1");
    make_long_block(block, PROXY_HEADER_MAX + 1);
    assert_int_equal(read_exactly((struct span){block, 15}, &header), PROXY_PARTIAL);
    assert_int_equal(read_exactly((struct span){block, 16}, &header), PROXY_REFUSED);
    assert_refused(SPAN(SIGNATURE "\x20\x00\xff\xff"));
}

static void what_begins_no_header_is_refused_at_its_first_byte(void **state)
{
    (void)state;
    struct proxy_header header;
    for (int byte = 0; byte < 256; byte++) {
        char first = (char)byte;
        enum proxy_result wanted = byte == 'P' || byte == '\r' ? PROXY_PARTIAL : PROXY_REFUSED;
        assert_int_equal(read_exactly((struct span){&first, 1}, &header), wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_the_source),
        cmocka_unit_test(unknown_says_none),
        cmocka_unit_test(lines_in_another_form_are_refused),
        cmocka_unit_test(a_line_without_its_end_is_refused_at_the_bound),
        cmocka_unit_test(a_block_says_the_source),
        cmocka_unit_test(local_and_unspecified_say_none),
        cmocka_unit_test(extensions_are_passed_over),
        cmocka_unit_test(blocks_in_another_form_are_refused),
        cmocka_unit_test(the_sum_of_a_block_must_be_right),
        cmocka_unit_test(a_block_beyond_the_bound_is_refused_by_its_length),
        cmocka_unit_test(what_begins_no_header_is_refused_at_its_first_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
