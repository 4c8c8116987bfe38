/* page.h - the dashboard: three files below page/, which the build puts into the program
 * (cmake/embed.cmake). */
#ifndef ADMIN_PAGE_H
#define ADMIN_PAGE_H

#include <stddef.h>

struct page_file {
    const char *name; /* NULL: no more */
    const unsigned char *bytes;
    size_t len;
};

extern const struct page_file page_files[];

#endif
