/* A page of plain JSON records, one a line, straight to columns: an optional, faster first try of pipeline.transform.read.

   scan(page: bytes, spec) gives, for each field of the spec in order of depth, (count, nulls, validity bytes, values, text),
   or None where the page holds anything that is not plain, which the other path then decides: this code never says that a
   record is bad. Plain is: objects whose read keys stand once and without escapes; numbers without exponent, exact in their
   decimals and within their digits; times written YYYY-MM-DDTHH:MM:SS[.f]Z; strings without lone surrogates; no newline or
   control character within a record; no more than DEPTH levels. What is not read is still checked to be JSON.

   `page` must be bytes: these end in a NUL that is not theirs, which stops every loop, as no token of JSON holds one.
   The interpreter is left alone while scanning. Values: numbers int64 in units of their last decimal, times int64
   microseconds UTC, text and rows int32 ends (with a leading 0). Checked against pyarrow's reader by tests/transform. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include "scan_tokens.h"

enum { TEXT, NUMBER, INSTANT, ROWS };
enum { GUESSES = 64, MOST_FIELDS = 64, LARGEST_PAGE = 1 << 30 };

typedef struct { At key; size_t length; int field; } Guess;

typedef struct Node {
    int kind, digits, scale, fields;
    const char *name;
    Py_ssize_t length;
    struct Node *field;
    uint64_t seen;                     /* serial number of the object that held it last */
    int64_t count, nulls;
    Bytes valid, values, text;
    Guess guess[GUESSES];              /* the keys of the object before, in order: most objects repeat them */
} Node;

static const int64_t POWER[19] = {1LL, 10LL, 100LL, 1000LL, 10000LL, 100000LL, 1000000LL, 10000000LL, 100000000LL, 1000000000LL,
    10000000000LL, 100000000000LL, 1000000000000LL, 10000000000000LL, 100000000000000LL, 1000000000000000LL, 10000000000000000LL,
    100000000000000000LL, 1000000000000000000LL};

static int put(Node *node, int64_t value, char valid) {
    node->count++;
    node->nulls += !valid;
    if (!append(&node->valid, &valid, 1)) return 0;
    if (node->kind == NUMBER || node->kind == INSTANT) return append(&node->values, &value, 8);
    int32_t end = (int32_t)value;
    return append(&node->values, &end, 4);
}

static int put_null(Node *node) {
    int64_t end = node->kind == TEXT ? (int64_t)node->text.size : node->kind == ROWS && node->fields ? node->field[0].count : 0;
    return put(node, end, 0);
}

/* --- values of read fields --------------------------------------------------------------------------------------------- */

static int number(Page *page, Node *node) {
    int negative = *page->at == '-', taken = 0;
    int64_t value = 0;
    page->at += negative;
    if (*page->at == '0') page->at++;
    else {
        At from = page->at;
        for (; *page->at >= '0' && *page->at <= '9' && page->at - from < 18; page->at++) value = value * 10 + (*page->at - '0');
        if (page->at == from) return 0;
    }
    if (value >= POWER[node->digits - node->scale] || (*page->at >= '0' && *page->at <= '9')) return 0;
    if (*page->at == '.') {
        At from = ++page->at;
        for (; *page->at >= '0' && *page->at <= '9'; page->at++) {
            if (taken < node->scale) value = value * 10 + (*page->at - '0'), taken++;
            else if (*page->at != '0') return 0;
        }
        if (page->at == from) return 0;
    }
    if (*page->at == 'e' || *page->at == 'E') return 0;
    value *= POWER[node->scale - taken];
    return put(node, negative ? -value : value, 1);
}

static int two(At at) {
    return at[0] >= '0' && at[0] <= '9' && at[1] >= '0' && at[1] <= '9' ? (at[0] - '0') * 10 + at[1] - '0' : -1;
}

static int instant(Page *page, Node *node) {
    static const int length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    At at = page->at;
    if (page->end - at < 22) return 0;
    int century = two(at), years = two(at + 2), month = two(at + 5), day = two(at + 8), hour = two(at + 11), minute = two(at + 14), second = two(at + 17);
    if (century < 0 || years < 0 || at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' || at[16] != ':') return 0;
    int64_t year = century * 100 + years;
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 || day > length[month - 1] + (leap && month == 2) || hour < 0 || hour > 23 || minute < 0 || minute > 59
        || second < 0 || second > 59) return 0;
    int64_t fraction = 0;
    int taken = 0;
    at += 19;
    if (*at == '.') {
        for (at++; *at >= '0' && *at <= '9' && taken < 6; at++, taken++) fraction = fraction * 10 + (*at - '0');
        if (!taken) return 0;
    }
    if (at[0] != 'Z' || at[1] != '"') return 0;
    page->at = at + 2;
    int64_t from_march = month > 2 ? year : year - 1, shifted = month > 2 ? month - 3 : month + 9;
    int64_t era = (from_march >= 0 ? from_march : from_march - 399) / 400, of_era = from_march - era * 400;
    int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * shifted + 2) / 5 + day - 1 - 719468;
    return put(node, ((days * 24 + hour) * 60 + minute) * 60000000 + second * 1000000 + fraction * POWER[6 - taken], 1);
}

static int object(Page *page, Node *node, int depth);

static int value(Page *page, Node *node, int depth) {
    blank(page);
    if (*page->at == 'n') return word(page, "null", 4) && put_null(node);
    switch (node->kind) {
    case NUMBER: return number(page, node);
    case INSTANT: return *page->at == '"' && (page->at++, instant(page, node));
    case TEXT: return *page->at == '"' && (page->at++, string(page, &node->text)) && put(node, (int64_t)node->text.size, 1);
    }
    if (!token(page, '[')) return 0;
    if (!token(page, ']')) {
        do {
            if (!object(page, node, depth + 1)) return 0;
        } while (token(page, ','));
        if (!token(page, ']')) return 0;
    }
    return put(node, node->field[0].count, 1);
}

static int find(Node *node, At key, size_t length, int place) {
    Guess *guess = place < GUESSES ? &node->guess[place] : NULL;
    if (guess && guess->key && guess->length == length && !memcmp(guess->key, key, length)) return guess->field;
    int found = -1;
    for (int n = 0; n < node->fields && found < 0; n++)
        if ((size_t)node->field[n].length == length && !memcmp(node->field[n].name, key, length)) found = n;
    if (guess) *guess = (Guess){key, length, found};
    return found;
}

static int object(Page *page, Node *node, int depth) {
    uint64_t serial = ++page->serial;
    if (!token(page, '{')) return 0;
    if (!token(page, '}')) {
        int place = 0;
        do {
            if (!token(page, '"')) return 0;
            At key = page->at;
            page->at = stop(key, page->end);
            if (*page->at != '"') return 0;
            int n = find(node, key, (size_t)(page->at - key), place++);
            page->at++;
            if (!token(page, ':')) return 0;
            if (n < 0) {
                if (!skip(page, depth + 1)) return 0;
                continue;
            }
            if (node->field[n].seen == serial) return 0;
            node->field[n].seen = serial;
            if (!value(page, &node->field[n], depth)) return 0;
        } while (token(page, ','));
        if (!token(page, '}')) return 0;
    }
    for (int n = 0; n < node->fields; n++)
        if (node->field[n].seen != serial && !put_null(&node->field[n])) return 0;
    return 1;
}

static int records(Page *page, Node *root) {
    while (page->at < page->end) {
        if (*page->at != '{' || !object(page, root, 0)) return 0;
        root->count++;
        blank(page);
        if (page->at < page->end && *page->at++ != '\n') return 0;
    }
    return 1;
}

/* --- to and from Python ------------------------------------------------------------------------------------------------- */

static void release(Node *node) {
    for (int n = 0; n < node->fields; n++) release(&node->field[n]);
    free(node->field);
    free(node->valid.data);
    free(node->values.data);
    free(node->text.data);
}

/* `fields`: a tuple of (kind, name, digits, scale, fields); the names must outlive the node. */
static int build(Node *node, PyObject *fields) {
    Py_ssize_t count = PyTuple_Size(fields);
    if (count < 1 || count > MOST_FIELDS) return PyErr_SetString(PyExc_ValueError, "a spec has 1 to 64 fields"), 0;
    node->field = calloc((size_t)count, sizeof(Node));
    if (!node->field) return PyErr_NoMemory(), 0;
    node->fields = (int)count;
    int32_t zero = 0;
    for (int n = 0; n < node->fields; n++) {
        Node *field = &node->field[n];
        PyObject *below;
        if (!PyArg_ParseTuple(PyTuple_GetItem(fields, n), "is#iiO!", &field->kind, &field->name, &field->length, &field->digits, &field->scale,
                              &PyTuple_Type, &below)) return 0;
        if (field->kind < TEXT || field->kind > ROWS || field->scale < 0 || field->digits < field->scale || field->digits > 18)
            return PyErr_SetString(PyExc_ValueError, "a field is of kind 0 to 3 and has at most 18 digits"), 0;
        if ((field->kind == TEXT || field->kind == ROWS) && !append(&field->values, &zero, 4)) return PyErr_NoMemory(), 0;
        if (field->kind == ROWS && !build(field, below)) return 0;
    }
    return 1;
}

static int report(Node *node, PyObject *out) {
    for (int n = 0; n < node->fields; n++) {
        Node *field = &node->field[n];
        PyObject *row = Py_BuildValue("LLy#y#y#", (long long)field->count, (long long)field->nulls, field->valid.data ? field->valid.data : "",
                                      (Py_ssize_t)field->valid.size, field->values.data ? field->values.data : "", (Py_ssize_t)field->values.size,
                                      field->text.data ? field->text.data : "", (Py_ssize_t)field->text.size);
        int failed = !row || PyList_Append(out, row);
        Py_XDECREF(row);
        if (failed || (field->kind == ROWS && !report(field, out))) return 0;
    }
    return 1;
}

static PyObject *scan(PyObject *module, PyObject *args) {
    PyObject *body, *fields, *out = NULL;
    Node root = {.kind = ROWS};
    Page page = {0};
    (void)module;
    if (!PyArg_ParseTuple(args, "SO!", &body, &PyTuple_Type, &fields)) return NULL;
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(body, &data, &size)) return NULL;
    if (build(&root, fields)) {
        int plain = 0;
        if (size < LARGEST_PAGE) {
            page.at = (At)data;
            page.end = page.at + size;
            Py_BEGIN_ALLOW_THREADS
            plain = records(&page, &root);
            Py_END_ALLOW_THREADS
        }
        if (!plain) {
            Py_INCREF(Py_None);
            out = Py_None;
        } else if ((out = PyList_New(0)) && !report(&root, out)) {
            Py_DECREF(out);
            out = NULL;
        }
    }
    release(&root);
    return out;
}

static PyMethodDef methods[] = {{"scan", scan, METH_VARARGS, "scan(page, spec): the columns of a page of plain records, or None."}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_scan", .m_size = 0, .m_methods = methods};

PyMODINIT_FUNC PyInit__scan(void) { return PyModule_Create(&definition); }
