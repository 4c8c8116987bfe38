/* config_tell.h - the settings in effect as JSON, for who watches the gateway; without secrets.
 *
 *     {"file": "/etc/bpgate/bpgate.yaml", "settings": {
 *         "drain": {"value": "30s", "source": "default"},
 *         "workers": {"value": 2, "source": "file", "line": 3, "column": 10}, …}}
 *
 * A member for each row of the table, in its order, and values as a file would have them, in the fields of
 * an entry too. Where a secret is ("env:NAME") is told, what it is never: hashes and what stands before
 * the @ of a URL are "***". A reload puts "waits_for_restart" before "file": the names of settings whose values
 * the process does not have yet, when there are such.
 */
#ifndef CONFIG_CONFIG_TELL_H
#define CONFIG_CONFIG_TELL_H

#include "config/draft.h"

/* options: what has come of draft. file: NULL without one. In the arena. */
struct span config_tell(const struct draft *draft, const struct snapshot_options *options,
                        const char *file, struct arena *arena);

#endif
