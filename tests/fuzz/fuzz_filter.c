/* fuzz_filter.c - a script that nobody has read: it is refused or run, in all phases, and ends in its bounds.
 *
 * Whatever it did, what the gateway would send is still what it may send: no name or value of a field that
 * would be two, no target that no request has. */
#include "base/log.h"
#include "http/byte_class.h"
#include "http/url.h"
#include "support/script_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SOURCE_MAX = 8 * KIB, MOST_US = 2000000 };

static void check_fields(const struct header_list *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        struct span name = headers->at[i].name, value = headers->at[i].value;
        ASSERT(is_token(name));
        ASSERT(bytes_of_class(value, BYTE_FIELD) == value.len);
    }
}

static void run(struct script_scene *scene, enum script_phase phase)
{
    if (!script_host_has(scene->host, 0, phase))
        return;
    enum script_end end = script_scene_run(scene, phase);
    ASSERT(scene->took_us < MOST_US);
    ASSERT(end == SCRIPT_DONE || scene->error[0] != '\0');
    check_fields(&scene->request.headers);
    if (scene->call.response)
        check_fields(&scene->response.headers);
    struct target target;
    ASSERT(target_parse(scene->request.target, &target) == FAULT_NONE);
    ASSERT(scene->wishes.field_bytes <= SCRIPT_FIELD_BYTES + 16 * KIB);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[SOURCE_MAX + 1];
    static const char body[] =
        "{\"a\":[1,2.5,{\"b\":\"x@y.zz\"}],\"signingSecret\":\"s\",\"n\":null}";
    struct script_scene scene;
    log_set_level(LOG_ERROR);
    if (size == 0 || size > SOURCE_MAX || memchr(data, '\0', size))
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    script_scene_open(&scene);
    scene.call.dict = scene.dict = shared_dict_create(256 * KIB);
    if (script_scene_load(&scene, text)) {
        for (int i = 0; i < 2; i++) {
            script_call_clear(&scene.call);
            script_scene_request(&scene);
            scene.call.has_body = true;
            scene.call.body = span_of(body);
            run(&scene, SCRIPT_REQUEST);
            script_scene_answer(&scene, body);
            run(&scene, SCRIPT_BODY);
            run(&scene, SCRIPT_RESPONSE);
            scene.call.has_body = false;
            scene.call.source = SPAN("cache");
            run(&scene, SCRIPT_LOG);
        }
    }
    script_scene_close(&scene);
    return 0;
}
