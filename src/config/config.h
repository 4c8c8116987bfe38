/* config.h - from a file, or none, to a snapshot.
 *
 * What comes back is sealed, has one reference, and keeps all the rules; or it is NULL, and errors
 * says why. errors is set in either case, and may hold warnings.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "config/config_errors.h"
#include "config/first_key.h"
#include "worker/snapshot.h"

#define CONFIG_DEFAULT_PATH "/etc/bpgate/bpgate.yaml"

/* The path that was given, else CONFIG_DEFAULT_PATH if there is such a file, else NULL: start without
 * a file. */
const char *config_choose(const char *given);

/* Also tries what the file names outside of itself: tokens, certificates. The path is borrowed by
 * errors. */
struct snapshot *config_load(const char *path, struct config_errors *errors);

/* The same, but looks at nothing outside of the file. */
struct snapshot *config_read(const char *path, struct config_errors *errors);

/* The same for a text; name is how messages call it. */
struct snapshot *config_parse(struct span yaml, const char *name, struct config_errors *errors);

/* Without a file: 127.0.0.1:8080, the token of BOTPRESS_TOKEN, the profile `default` with the ids of
 * BOTPRESS_WORKSPACE_ID, BOTPRESS_BOT_ID and BOTPRESS_INTEGRATION_ID, and one key, which is made if
 * there is none yet; the caller shows it when it is new. */
struct snapshot *config_default(struct first_key *key, struct config_errors *errors);

#endif
