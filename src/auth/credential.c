#include "auth/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "auth/credential_source.h"
#include "base/text.h"

enum { SLOT_TOKEN, SLOT_NEXT, SLOT_COUNT, REFUSED_FOR_MS = 30000, SHOWN_LEN = 20 };

struct slot {
    struct credential_source source;
    struct token_text token;
    uint64_t generation; /* 0: the slot is not configured */
    bool is_refused;     /* and not accepted since */
    uint64_t refused_at_ms;
    bool is_on_trial; /* handed out in the place of the refused one: to be accepted is promotion */
    char problem[SOURCE_ERROR_SIZE];
    bool is_problem_told;
};

struct credential {
    struct slot slots[SLOT_COUNT];
    size_t current;
    uint64_t last_generation;
};

static struct slot *twin_of(struct credential *credential, const struct slot *slot)
{
    size_t index = (size_t)(slot - credential->slots);
    return &credential->slots[SLOT_COUNT - 1 - index];
}

static bool is_same_token(const struct token_text *a, const struct token_text *b)
{
    return a->len == b->len && CRYPTO_memcmp(a->at, b->at, a->len) == 0;
}

/* The same token in both slots is one generation: to try it twice would be to try it in vain. */
static void put_token(struct credential *credential, struct slot *slot,
                      const struct token_text *token)
{
    const struct slot *twin = twin_of(credential, slot);
    bool is_twin = twin->generation > 0 && is_same_token(&twin->token, token);
    token_text_wipe(&slot->token);
    memcpy(slot->token.at, token->at, token->len);
    slot->token.len = token->len;
    slot->generation = is_twin ? twin->generation : ++credential->last_generation;
    slot->is_refused = is_twin && twin->is_refused;
    slot->refused_at_ms = is_twin ? twin->refused_at_ms : 0;
    slot->is_on_trial = false;
}

/* The one in use stays while it works. A promotion belongs to the token that earned it: once that
 * is gone, the first slot is the current again, unless its own token is known to be refused. */
static void choose_current(struct credential *credential, const struct slot *changed)
{
    const struct slot *current = &credential->slots[credential->current];
    if (current != changed && !current->is_refused)
        return;
    if (credential->slots[SLOT_TOKEN].is_refused)
        credential->current = (size_t)(changed - credential->slots);
    else
        credential->current = SLOT_TOKEN;
}

static void replace_token(struct credential *credential, struct slot *slot,
                          const struct token_text *token)
{
    if (is_same_token(&slot->token, token))
        return;
    put_token(credential, slot, token);
    choose_current(credential, slot);
}

static void note_problem(struct slot *slot, const char *problem)
{
    if (strcmp(slot->problem, problem) == 0)
        return;
    snprintf(slot->problem, sizeof(slot->problem), "%s", problem);
    slot->is_problem_told = false;
}

static void refresh_slot(struct credential *credential, struct slot *slot, uint64_t now_ms,
                         bool is_urgent)
{
    struct token_text token;
    char problem[SOURCE_ERROR_SIZE];
    switch (credential_source_look(&slot->source, now_ms, is_urgent, &token, problem)) {
    case SOURCE_UNCHANGED:
        return;
    case SOURCE_FAILED:
        note_problem(slot, problem);
        return;
    case SOURCE_READ:
        note_problem(slot, "");
        replace_token(credential, slot, &token);
        token_text_wipe(&token);
        return;
    }
}

static void refresh(struct credential *credential, uint64_t now_ms, bool is_urgent)
{
    for (size_t i = 0; i < SLOT_COUNT; i++)
        refresh_slot(credential, &credential->slots[i], now_ms, is_urgent);
}

static bool open_slot(struct credential *credential, size_t index, struct span text,
                      char problem[SOURCE_ERROR_SIZE])
{
    struct slot *slot = &credential->slots[index];
    struct token_text token;
    if (credential_source_open(&slot->source, text, &token, problem) != OK)
        return false;
    put_token(credential, slot, &token);
    token_text_wipe(&token);
    return true;
}

static void say_which(char error[CREDENTIAL_ERROR_SIZE], struct span name, const char *slot,
                      const char *problem)
{
    int shown = (int)(name.len < SHOWN_LEN ? name.len : SHOWN_LEN);
    (void)snprintf(error, CREDENTIAL_ERROR_SIZE, "credential %.*s, %s: %s", shown,
                   name.at ? name.at : "", slot, problem);
}

struct credential *credential_create(const struct credential_options *options,
                                     char error[CREDENTIAL_ERROR_SIZE])
{
    struct credential *credential = xcalloc(1, sizeof(*credential));
    char problem[SOURCE_ERROR_SIZE];
    const char *slot = "token";
    if (!open_slot(credential, SLOT_TOKEN, options->token, problem))
        goto fail;
    slot = "next_token";
    if (options->next_token.len > 0 &&
        !open_slot(credential, SLOT_NEXT, options->next_token, problem))
        goto fail;
    return credential;
fail:
    say_which(error, options->name, slot, problem);
    credential_destroy(credential);
    return NULL;
}

void credential_destroy(struct credential *credential)
{
    if (!credential)
        return;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        credential_source_close(&credential->slots[i].source);
    OPENSSL_cleanse(credential, sizeof(*credential));
    free(credential);
}

static struct credential_token token_of(const struct slot *slot)
{
    return (struct credential_token){.text = {slot->token.at, slot->token.len},
                                     .generation = slot->generation};
}

struct credential_token credential_current(struct credential *credential, uint64_t now_ms)
{
    refresh(credential, now_ms, false);
    return token_of(&credential->slots[credential->current]);
}

static void mark_refused(struct credential *credential, uint64_t generation, uint64_t now_ms)
{
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        struct slot *slot = &credential->slots[i];
        if (slot->generation != generation)
            continue;
        slot->is_refused = true;
        slot->refused_at_ms = now_ms;
        slot->is_on_trial = false;
    }
}

static bool may_try(const struct slot *slot, uint64_t refused_generation, uint64_t now_ms)
{
    if (slot->generation == 0 || slot->generation == refused_generation)
        return false;
    return !slot->is_refused || now_ms - slot->refused_at_ms >= REFUSED_FOR_MS;
}

bool credential_other(struct credential *credential, uint64_t refused_generation, uint64_t now_ms,
                      struct credential_token *other)
{
    refresh(credential, now_ms, true);
    mark_refused(credential, refused_generation, now_ms);
    struct slot *slot = &credential->slots[credential->current];
    if (!may_try(slot, refused_generation, now_ms)) {
        slot = twin_of(credential, slot);
        if (!may_try(slot, refused_generation, now_ms))
            return false;
        slot->is_on_trial = true;
    }
    *other = token_of(slot);
    return true;
}

/* An answer may come long after its request: what has been refused since is not what works now.
 * Only the token that was handed out in the place of the current one may take it. */
static void mark_accepted(struct credential *credential, uint64_t generation)
{
    bool is_current = credential->slots[credential->current].generation == generation;
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        struct slot *slot = &credential->slots[i];
        if (slot->generation != generation || !(is_current || slot->is_on_trial))
            continue;
        slot->is_refused = slot->is_on_trial = false;
        if (!is_current)
            credential->current = i;
    }
}

void credential_report(struct credential *credential, uint64_t generation, bool was_accepted,
                       uint64_t now_ms)
{
    if (was_accepted)
        mark_accepted(credential, generation);
    else
        mark_refused(credential, generation, now_ms);
}

unsigned credential_slot(const struct credential *credential)
{
    return (unsigned)credential->current;
}

const char *credential_take_problem(struct credential *credential)
{
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        struct slot *slot = &credential->slots[i];
        if (slot->problem[0] == '\0' || slot->is_problem_told)
            continue;
        slot->is_problem_told = true;
        return slot->problem;
    }
    return NULL;
}
