/* Tokens of a page of JSON, and growing buffers: see scan.c. All functions give 0 for "not plain" (or no memory).

   A page ends in a NUL beyond its end, which stops every loop, as no token holds one. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 64 };

typedef const unsigned char *At;
typedef struct { char *data; size_t size, room; } Bytes;
typedef struct { At at, end; uint64_t serial; } Page;

/* --- growing buffers --------------------------------------------------------------------------------------------------- */

static int reserve(Bytes *bytes, size_t more) {
    if (bytes->size + more <= bytes->room) return 1;
    if (bytes->size + more > SIZE_MAX / 4) return 0;
    size_t room = (bytes->size + more) * 2 + 4096;
    char *data = realloc(bytes->data, room);
    if (!data) return 0;
    bytes->data = data;
    bytes->room = room;
    return 1;
}

static int append(Bytes *bytes, const void *data, size_t size) {
    if (!reserve(bytes, size)) return 0;
    if (size) memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return 1;
}

/* --- tokens ------------------------------------------------------------------------------------------------------------ */

static void blank(Page *page) {
    while (*page->at == ' ' || *page->at == '\t' || *page->at == '\r') page->at++;
}

static int token(Page *page, unsigned char wanted) {
    blank(page);
    if (*page->at != wanted) return 0;
    page->at++;
    return 1;
}

static int word(Page *page, const char *text, size_t length) {
    if ((size_t)(page->end - page->at) < length || memcmp(page->at, text, length)) return 0;
    page->at += length;
    return 1;
}

#define EACH(byte) (0x0101010101010101ULL * (byte))
#define ZEROS(word) (((word) - EACH(1)) & ~(word) & EACH(0x80))

/* The first quote, backslash or control character at or after `at`. */
static At stop(At at, At end) {
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        if (ZEROS(word ^ EACH('"')) | ZEROS(word ^ EACH('\\')) | ((word - EACH(0x20)) & ~word & EACH(0x80))) break;
        at += 8;
    }
    while (*at != '"' && *at != '\\' && *at >= 0x20) at++;
    return at;
}

static int hex4(Page *page, unsigned *code) {
    *code = 0;
    for (int n = 0; n < 4; n++) {
        unsigned char c = *page->at;
        unsigned digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
        if (digit == 16) return 0;
        *code = *code * 16 + digit;
        page->at++;
    }
    return 1;
}

/* After a backslash: the character that it and what follows stand for, as UTF-8; its length, or 0. */
static int escape(Page *page, char *out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    unsigned char c = *page->at;
    const char *found = c ? strchr(from, c) : NULL;
    if (found) {
        page->at++;
        *out = to[found - from];
        return 1;
    }
    unsigned code, low;
    if (c != 'u') return 0;
    page->at++;
    if (!hex4(page, &code)) return 0;
    if (code >= 0xD800 && code < 0xDC00) {
        if (!word(page, "\\u", 2) || !hex4(page, &low) || low < 0xDC00 || low > 0xDFFF) return 0;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) return 0;
    int length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (int n = length - 1; n > 0; n--, code >>= 6) out[n] = (char)(0x80 | (code & 63));
    out[0] = (char)(lead[length] | code);
    return length;
}

/* The rest of a string, after its quote; into `text` unless that is NULL. */
static int string(Page *page, Bytes *text) {
    char bytes[4];
    for (;;) {
        At from = page->at;
        page->at = stop(from, page->end);
        if (text && !append(text, from, (size_t)(page->at - from))) return 0;
        if (*page->at == '"') return page->at++, 1;
        if (*page->at != '\\') return 0;
        page->at++;
        int length = escape(page, bytes);
        if (!length || (text && !append(text, bytes, (size_t)length))) return 0;
    }
}

static int digits(Page *page) {
    At from = page->at;
    while (*page->at >= '0' && *page->at <= '9') page->at++;
    return page->at > from;
}

static int skip_number(Page *page) {
    if (*page->at == '-') page->at++;
    if (*page->at == '0') page->at++;
    else if (!digits(page)) return 0;
    if (*page->at == '.' && (page->at++, !digits(page))) return 0;
    if (*page->at == 'e' || *page->at == 'E') {
        page->at++;
        if (*page->at == '+' || *page->at == '-') page->at++;
        return digits(page);
    }
    return 1;
}

static int skip(Page *page, int depth) {
    blank(page);
    switch (*page->at) {
    case '"': return page->at++, string(page, NULL);
    case 't': return word(page, "true", 4);
    case 'f': return word(page, "false", 5);
    case 'n': return word(page, "null", 4);
    case '[': case '{': break;
    default: return skip_number(page);
    }
    int object = *page->at++ == '{';
    unsigned char close = object ? '}' : ']';
    if (depth >= DEPTH) return 0;
    if (token(page, close)) return 1;
    do {
        if (object && !(token(page, '"') && string(page, NULL) && token(page, ':'))) return 0;
        if (!skip(page, depth + 1)) return 0;
    } while (token(page, ','));
    return token(page, close);
}
