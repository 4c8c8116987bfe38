#include "http/start_line.h"

#include "base/text.h"
#include "http/byte_class.h"

enum { VERSION_LEN = 8, STATUS_LEN = 3 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 9112 §2.3: case-sensitive, one digit each. */
static enum http_fault parse_version(struct span text, unsigned *version)
{
    if (text.len != VERSION_LEN || !span_starts_with(text, SPAN("HTTP/")) ||
        !is_digit(text.at[5]) || text.at[6] != '.' || !is_digit(text.at[7]))
        return FAULT_START_LINE;
    if (text.at[5] != '1')
        return FAULT_VERSION;
    *version = text.at[7] == '0' ? 10 : 11;
    return FAULT_NONE;
}

enum http_fault request_line_parse(struct span line, struct request_line *parsed)
{
    struct span rest = line;
    parsed->method = span_cut(&rest, ' ');
    if (!is_token(parsed->method))
        return FAULT_METHOD;
    parsed->target = span_cut(&rest, ' ');
    if (parsed->target.len == 0 || memchr(parsed->target.at, '\t', parsed->target.len))
        return FAULT_START_LINE;
    return parse_version(rest, &parsed->version);
}

enum http_fault status_line_parse(struct span line, struct status_line *parsed)
{
    struct span rest = line;
    if (parse_version(span_cut(&rest, ' '), &parsed->version) != FAULT_NONE)
        return FAULT_STATUS;
    struct span status = span_cut(&rest, ' ');
    uint64_t number;
    if (status.len != STATUS_LEN || !span_to_u64(status, &number) || number < 100)
        return FAULT_STATUS;
    parsed->status = (unsigned)number;
    return FAULT_NONE;
}
