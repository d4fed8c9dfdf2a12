/* backend_gemini.c - the Gemini API (generateContent), as of November 2026;
 * docs/explain.md says what of it moves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backend.h"
#include "format/base.h"
#include "http.h"

static char *text_of(const char *a, const char *b, const char *c, const char *d)
{
    size_t n = strlen(a) + strlen(b) + strlen(c) + strlen(d) + 1;
    char *out = malloc(n);
    if (out)
        snprintf(out, n, "%s%s%s%s", a, b, c, d);
    return out;
}

/* A base may name the version of the API itself. */
static const char *version_of(const char *base)
{
    const char *last = strrchr(base, '/');
    return last && (strcmp(last, "/v1") == 0 || strcmp(last, "/v1beta") == 0) ? "" : "/v1beta";
}

static char *url(const char *base, const char *model, bool stream)
{
    char *name = http_escape(strncmp(model, "models/", 7) == 0 ? model + 7 : model);
    char *path = name ? text_of(version_of(base), "/models/", name, stream ? ":streamGenerateContent?alt=sse" : ":generateContent") : NULL;
    char *all = path ? text_of(base, path, "", "") : NULL;
    free(path);
    free(name);
    return all;
}

static char *models_url(const char *base)
{
    return text_of(base, version_of(base), "/models?pageSize=200", "");
}

static void add_text(cJSON *content, const char *text)
{
    cJSON *part = cJSON_CreateObject();
    cJSON_AddStringToObject(part, "text", text);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(content, "parts"), part);
}

/* No temperature: the service's own default is what it is tuned for. LOW, as some models refuse MINIMAL. */
static char *body(const struct prompt *p, const char *model, bool stream, bool structured)
{
    (void)model, (void)stream;
    cJSON *root = cJSON_CreateObject(), *user = cJSON_CreateObject();
    add_text(cJSON_AddObjectToObject(root, "systemInstruction"), p->system);
    cJSON_AddStringToObject(user, "role", "user");
    add_text(user, p->user);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(root, "contents"), user);
    cJSON *config = cJSON_AddObjectToObject(root, "generationConfig");
    if (structured) {
        cJSON_AddStringToObject(config, "responseMimeType", "application/json");
        cJSON_AddItemToObject(config, "responseJsonSchema", cJSON_Parse(prompt_schema));
    }
    cJSON_AddStringToObject(cJSON_AddObjectToObject(config, "thinkingConfig"), "thinkingLevel", "LOW");
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

static void take_candidate(struct reply *r, const cJSON *candidate)
{
    const cJSON *part, *content = cJSON_GetObjectItemCaseSensitive(candidate, "content");
    const char *finish = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(candidate, "finishReason"));
    cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(content, "parts")) {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(part, "text"));
        if (text && !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(part, "thought")))
            buf_put(&r->text, text, strlen(text));
    }
    if (!finish)
        return;
    reply_set(&r->finish, finish);
    r->ended = strcmp(finish, "STOP") == 0;
    r->cut = strcmp(finish, "MAX_TOKENS") == 0;
}

static int take(struct reply *r, const char *json, size_t n, struct api_error *error)
{
    cJSON *root = cJSON_ParseWithLength(json, n);
    const cJSON *object = cJSON_IsArray(root) ? cJSON_GetArrayItem(root, 0) : root;
    int ret = cJSON_IsObject(object) ? 0 : GHOST_E_CORRUPT;
    if (ret == 0 && cJSON_HasObjectItem(object, "error")) {
        api_error_parse(error, json, n);
        ret = GHOST_E_STATE;
    } else if (ret == 0) {
        const cJSON *candidates = cJSON_GetObjectItemCaseSensitive(object, "candidates");
        const cJSON *feedback = cJSON_GetObjectItemCaseSensitive(object, "promptFeedback");
        const cJSON *status = cJSON_GetObjectItemCaseSensitive(object, "modelStatus");
        take_candidate(r, cJSON_GetArrayItem(candidates, 0));
        reply_set(&r->blocked, cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(feedback, "blockReason")));
        reply_set(&r->version, cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "modelVersion")));
        reply_set(&r->retirement, cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(status, "retirementTime")));
    }
    cJSON_Delete(root);
    return r->text.failed ? GHOST_E_NOMEM : ret;
}

static void models(const char *json, size_t n, void (*each)(void *self, const char *name), void *self)
{
    cJSON *root = cJSON_ParseWithLength(json, n);
    const cJSON *model, *method;
    cJSON_ArrayForEach(model, cJSON_GetObjectItemCaseSensitive(root, "models")) {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(model, "name"));
        bool can = false;
        cJSON_ArrayForEach(method, cJSON_GetObjectItemCaseSensitive(model, "supportedGenerationMethods"))
            can = can || (cJSON_IsString(method) && strcmp(method->valuestring, "generateContent") == 0);
        if (name && can)
            each(self, strncmp(name, "models/", 7) == 0 ? name + 7 : name);
    }
    cJSON_Delete(root);
}

const struct backend backend_gemini = {
    .name = "gemini",
    .summary = "Google's Gemini API; needs GEMINI_API_KEY",
    .key_env = "GEMINI_API_KEY",
    .base_env = "GHOST_GEMINI_BASE_URL",
    .model_env = "GHOST_GEMINI_MODEL",
    .base = "https://generativelanguage.googleapis.com",
    .model = "gemini-3.8-flash",
    .needs_key = true,
    .key_header = "x-goog-api-key: ",
    .url = url,
    .models_url = models_url,
    .body = body,
    .take = take,
    .models = models,
};
