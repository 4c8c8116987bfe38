/* explain_show.h - an explanation for people: a paragraph for each thing that is decided. */
#ifndef CLI_EXPLAIN_SHOW_H
#define CLI_EXPLAIN_SHOW_H

#include <stdio.h>

#include <jansson.h>

/* told: the answer to POST /explain. */
void explain_show(FILE *file, json_t *told);

#endif
