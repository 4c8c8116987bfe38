/* redis_trouble.h - why Redis is not there for us: one row each, with what to do about it. */
#ifndef STORE_REDIS_TROUBLE_H
#define STORE_REDIS_TROUBLE_H

#include "base/log_fold.h"

/* Name, what logs and metrics call it, what the operator can do. */
#define REDIS_TROUBLES(X)                                                                          \
    X(REDIS_NO_TROUBLE, "none", "")                                                                \
    X(REDIS_UNREACHABLE, "unreachable",                                                            \
      "is Redis running, and do host, port and firewall let us reach it?")                         \
    X(REDIS_UNTRUSTED, "untrusted",                                                                \
      "TLS failed: set redis.ca_file to who signed its certificate, and use its name in the URL")  \
    X(REDIS_GONE, "gone", "Redis closed the connection: did it restart, or reach its maxclients?") \
    X(REDIS_SILENT, "silent", "Redis does not answer: is its machine overloaded or cut off?")      \
    X(REDIS_SLOW, "slow",                                                                          \
      "Redis answers late: look at its load and SLOWLOG; it is used again when it is quick")       \
    X(REDIS_BROKEN, "broken", "what answers is no Redis, or an answer was too long")               \
    X(REDIS_NEEDS_PASSWORD, "needs_password",                                                      \
      "Redis wants a password: put it into the URL, redis://user:password@host")                   \
    X(REDIS_WRONG_PASSWORD, "wrong_password", "user or password is wrong, or the user is off")     \
    X(REDIS_FORBIDDEN, "forbidden", "the user may not do this: extend its ACL")                    \
    X(REDIS_NO_DATABASE, "no_database", "there is no such database: change the number in the URL") \
    X(REDIS_LOADING, "loading", "Redis reads its data from disk; it is used when it is done")      \
    X(REDIS_REPLICA, "replica",                                                                    \
      "this Redis is a replica: name the master, or use redis+sentinel:// to follow it")           \
    X(REDIS_CLUSTER, "cluster",                                                                    \
      "Redis Cluster is not supported: use one Redis, Sentinel, or a service with one endpoint")   \
    X(REDIS_IS_SENTINEL, "is_sentinel",                                                            \
      "this is a sentinel: write redis+sentinel://host:port/name-of-the-master")                   \
    X(REDIS_NO_MASTER, "no_master", "no sentinel names a master: check the name in the URL")       \
    X(REDIS_FULL, "full", "Redis is at maxclients or out of memory: raise its limit")

#define REDIS_TROUBLE_ENUM(name, word, remedy) name,
enum redis_trouble { REDIS_TROUBLES(REDIS_TROUBLE_ENUM) };
#undef REDIS_TROUBLE_ENUM

struct span redis_trouble_word(enum redis_trouble trouble);
struct span redis_trouble_remedy(enum redis_trouble trouble);

/* What the text of a refusal says of the connection as a whole ("READONLY …", "LOADING …");
 * REDIS_NO_TROUBLE when it is about the one command. */
enum redis_trouble redis_trouble_of(struct span refusal);

/* One line "redis_down" for trouble of the connection that serves purpose ("cache"), folded:
 * attempts to come back fail again and again. */
void redis_trouble_log(struct log_fold *fold, struct span purpose, enum redis_trouble trouble,
                       struct span detail, uint64_t now_ms);

#endif
