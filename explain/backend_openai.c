/* backend_openai.c - chat/completions as OpenAI, Ollama, vLLM, llama.cpp and others serve it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backend.h"
#include "format/base.h"

static char *below(const char *base, const char *path)
{
    size_t n = strlen(base) + strlen(path) + 1;
    char *out = malloc(n);
    if (out)
        snprintf(out, n, "%s%s", base, path);
    return out;
}

static char *url(const char *base, const char *model, bool stream)
{
    (void)model, (void)stream;
    return below(base, "/chat/completions");
}

static char *models_url(const char *base)
{
    return below(base, "/models");
}

static void add_message(cJSON *messages, const char *role, const char *content)
{
    cJSON *m = cJSON_CreateObject();
    cJSON_AddStringToObject(m, "role", role);
    cJSON_AddStringToObject(m, "content", content);
    cJSON_AddItemToArray(messages, m);
}

static char *body(const struct prompt *p, const char *model, bool stream, bool structured)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "model", model);
    cJSON *messages = cJSON_AddArrayToObject(root, "messages");
    add_message(messages, "system", p->system);
    add_message(messages, "user", p->user);
    if (structured) {
        cJSON *format = cJSON_AddObjectToObject(root, "response_format");
        cJSON_AddStringToObject(format, "type", "json_schema");
        cJSON *schema = cJSON_AddObjectToObject(format, "json_schema");
        cJSON_AddStringToObject(schema, "name", "explanation");
        cJSON_AddBoolToObject(schema, "strict", true);
        cJSON_AddItemToObject(schema, "schema", cJSON_Parse(prompt_schema));
    }
    if (stream)
        cJSON_AddBoolToObject(root, "stream", true);
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

/* A content is text, or a list of parts of which some are text. */
static void add_content(struct reply *r, const cJSON *content)
{
    const cJSON *part;
    const char *text = cJSON_GetStringValue(content);
    if (text)
        buf_put(&r->text, text, strlen(text));
    if (!cJSON_IsArray(content))
        return;
    cJSON_ArrayForEach(part, content) {
        text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(part, "text"));
        if (text)
            buf_put(&r->text, text, strlen(text));
    }
}

static void take_choice(struct reply *r, const cJSON *choice)
{
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(choice, "message");
    const char *finish = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(choice, "finish_reason"));
    message = message ? message : cJSON_GetObjectItemCaseSensitive(choice, "delta");
    add_content(r, cJSON_GetObjectItemCaseSensitive(message, "content"));
    const char *refusal = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "refusal"));
    if (refusal && *refusal)
        reply_set(&r->blocked, refusal);
    if (!finish)
        return;
    reply_set(&r->finish, finish);
    r->ended = strcmp(finish, "stop") == 0;
    r->cut = strcmp(finish, "length") == 0;
    if (strcmp(finish, "content_filter") == 0)
        reply_set(&r->blocked, finish);
}

static int take(struct reply *r, const char *json, size_t n, struct api_error *error)
{
    if (n == 6 && memcmp(json, "[DONE]", 6) == 0)
        return 0;
    cJSON *root = cJSON_ParseWithLength(json, n);
    const cJSON *failed = cJSON_GetObjectItemCaseSensitive(root, "error");
    int ret = cJSON_IsObject(root) ? 0 : GHOST_E_CORRUPT;
    if (ret == 0 && failed && !cJSON_IsNull(failed)) {
        api_error_parse(error, json, n);
        ret = GHOST_E_STATE;
    } else if (ret == 0) {
        take_choice(r, cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(root, "choices"), 0));
        reply_set(&r->version, cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "model")));
    }
    cJSON_Delete(root);
    return r->text.failed ? GHOST_E_NOMEM : ret;
}

static void models(const char *json, size_t n, void (*each)(void *self, const char *name), void *self)
{
    cJSON *root = cJSON_ParseWithLength(json, n);
    const cJSON *model;
    cJSON_ArrayForEach(model, cJSON_GetObjectItemCaseSensitive(root, "data")) {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(model, "id"));
        if (name)
            each(self, name);
    }
    cJSON_Delete(root);
}

const struct backend backend_openai = {
    .name = "openai",
    .summary = "chat/completions of OpenAI, Ollama, vLLM, llama.cpp, ...; OPENAI_API_KEY where it is asked for",
    .key_env = "OPENAI_API_KEY",
    .base_env = "GHOST_OPENAI_BASE_URL",
    .model_env = "GHOST_OPENAI_MODEL",
    .base = "https://api.openai.com/v1",
    .key_header = "Authorization: Bearer ",
    .url = url,
    .models_url = models_url,
    .body = body,
    .retry_unstructured = true,
    .take = take,
    .models = models,
};
