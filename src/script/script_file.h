/* script_file.h - the text of a script, read whole. */
#ifndef SCRIPT_SCRIPT_FILE_H
#define SCRIPT_SCRIPT_FILE_H

#include "base/arena.h"

/* 0, or an errno: EFBIG for more than SCRIPT_SOURCE_MAX. */
int script_file_read(const char *path, struct arena *arena, struct span *text);

#endif
