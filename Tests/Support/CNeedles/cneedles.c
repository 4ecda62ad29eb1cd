#include "cneedles.h"
#include <stdint.h>
#include <string.h>

ptrdiff_t cneedles_find(
    const void *bytes, size_t count, const void *needles, const size_t *lengths, size_t number, size_t *offset,
    size_t first) {
    // Which two bytes a needle begins with: few places need a closer look.
    unsigned char begins[1 << 16] = {0};
    const unsigned char *text = bytes, *needle = needles;
    for (size_t i = 0; i < number; needle += lengths[i++]) begins[needle[0] | needle[1] << 8] = 1;
    for (size_t at = *offset; at + 1 < count; at++, first = 0) {
        // Most memory is empty.
        uint64_t eight;
        while (!begins[0] && at + 8 < count && (memcpy(&eight, text + at, 8), eight == 0)) {
            at += 7;
            first = 0;
        }
        if (!begins[text[at] | text[at + 1] << 8]) continue;
        needle = needles;
        for (size_t i = 0; i < number; needle += lengths[i++]) {
            if (i < first || lengths[i] > count - at || memcmp(text + at, needle, lengths[i]) != 0) continue;
            *offset = at;
            return (ptrdiff_t)i;
        }
    }
    return -1;
}
