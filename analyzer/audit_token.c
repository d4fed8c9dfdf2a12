/* audit_token.c - SHA-256 (FIPS 180-4), HMAC (RFC 2104), and tokens made of them. */
#include "audit_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base.h"
#include "session.h"

/* ---- SHA-256 ---- */

struct sha { uint32_t h[8]; uint8_t block[64]; size_t used; uint64_t bytes; };

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t v, unsigned by) { return v >> by | v << (32 - by); }

static void take_block(struct sha *s, const uint8_t *p)
{
    uint32_t w[64], v[8];
    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (unsigned i = 16; i < 64; i++) {
        uint32_t a = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(v, s->h, sizeof v);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t one = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25), choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t zero = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22), majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        uint32_t t = v[7] + one + choice + round_constants[i] + w[i];
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t;
        v[0] = t + zero + majority;
    }
    for (unsigned i = 0; i < 8; i++)
        s->h[i] += v[i];
}

static void sha_begin(struct sha *s)
{
    static const uint32_t first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    *s = (struct sha){ .used = 0 };
    memcpy(s->h, first, sizeof first);
}

static void sha_put(struct sha *s, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    s->bytes += n;
    while (n) {
        size_t part = n < 64 - s->used ? n : 64 - s->used;
        memcpy(s->block + s->used, p, part);
        s->used += part;
        p += part;
        n -= part;
        if (s->used == 64) {
            take_block(s, s->block);
            s->used = 0;
        }
    }
}

static void sha_end(struct sha *s, uint8_t out[32])
{
    uint8_t tail[72] = { 0x80 };
    uint64_t bits = s->bytes * 8;
    size_t pad = (s->used < 56 ? 56 : 120) - s->used;
    for (unsigned i = 0; i < 8; i++)
        tail[pad + i] = (uint8_t)(bits >> (56 - 8 * i));
    sha_put(s, tail, pad + 8);
    for (unsigned i = 0; i < 32; i++)
        out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256(const void *bytes, size_t n, uint8_t out[32])
{
    struct sha s;
    sha_begin(&s);
    sha_put(&s, bytes, n);
    sha_end(&s, out);
}

void hmac_sha256(const struct token_key *key, const void *bytes, size_t n, uint8_t out[32])
{
    uint8_t pad[64], inner[32];
    struct sha s;
    for (unsigned i = 0; i < 64; i++)
        pad[i] = (i < 32 ? key->bytes[i] : 0) ^ 0x36;
    sha_begin(&s);
    sha_put(&s, pad, 64);
    sha_put(&s, bytes, n);
    sha_end(&s, inner);
    for (unsigned i = 0; i < 64; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    sha_begin(&s);
    sha_put(&s, pad, 64);
    sha_put(&s, inner, 32);
    sha_end(&s, out);
}

/* ---- tokens ---- */

static uint64_t first_number(const uint8_t hash[32])
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)hash[i] << 8 * i;
    return v;
}

void token_of(const struct token_key *key, const void *name, size_t n, char out[TOKEN_LENGTH + 1])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t hash[32];
    hmac_sha256(key, name, n, hash);
    uint64_t v = first_number(hash);
    out[0] = 'n';
    for (unsigned i = 1; i < TOKEN_LENGTH; i++, v >>= 5)
        out[i] = digits[v & 31];
    out[TOKEN_LENGTH] = '\0';
}

uint64_t token_number(const struct token_key *key, uint64_t number)
{
    uint8_t hash[32], bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
    hmac_sha256(key, bytes, sizeof bytes, hash);
    uint64_t v = first_number(hash);
    return v ? v : 1;
}

/* ---- the key ---- */

enum { KEY_MAX = 1 << 16 };

static int read_key(int fd, struct token_key *key, const char *path, struct ghost_err *err)
{
    uint8_t bytes[KEY_MAX];
    size_t n = 0;
    ssize_t got;
    while (n < sizeof bytes && (got = read(fd, bytes + n, sizeof bytes - n)) > 0)
        n += (size_t)got;
    if (n < 8)
        return ghost_fail(err, GHOST_E_USAGE, "the key in %s has %zu bytes, which can be guessed: give 8 at least, as from `openssl rand -hex 32`", path, n);
    sha256(bytes, n, key->bytes);
    return 0;
}

/* A new file that only its owner reads; somebody who was faster is as good. */
static int make_key(const char *path, struct ghost_err *err)
{
    uint8_t bytes[32];
    char text[65];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return ghost_fail(err, GHOST_E_IO, "no random bytes for a key: %s", strerror(errno));
    hex_text(text, bytes, sizeof bytes);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST)
        return 0;
    bool good = fd >= 0 && write(fd, text, 64) == 64 && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && !good)
        unlink(path);
    return good ? 0 : ghost_fail(err, GHOST_E_IO, "cannot keep a key in %s: %s. Give one with --key-file", path, strerror(why));
}

/* DATA_DIR/redact.key: beside the folder of sessions, so in none of them. */
static char *usual_path(const char *data_dir, struct ghost_err *err)
{
    char *root = session_root(data_dir, err), *path = NULL;
    char *slash = root ? strrchr(root, '/') : NULL;
    if (!root)
        return NULL;
    if (slash)
        *slash = '\0';
    mkdir(root, 0700);                   /* whether it is there shows when the key is written */
    if (asprintf(&path, "%s/redact.key", slash ? root : ".") < 0)
        path = NULL;
    free(root);
    if (!path)
        ghost_fail(err, GHOST_E_NOMEM, "out of memory");
    return path;
}

int token_key_load(struct token_key *key, const char *file, const char *data_dir, char **used, struct ghost_err *err)
{
    *used = file ? strdup(file) : usual_path(data_dir, err);
    if (!*used)
        return file ? ghost_fail(err, GHOST_E_NOMEM, "out of memory") : err->code;
    int ret = file || access(*used, F_OK) == 0 ? 0 : make_key(*used, err);
    int fd = ret == 0 ? open(*used, O_RDONLY | O_CLOEXEC) : -1;
    if (ret == 0 && fd < 0)
        ret = ghost_fail(err, errno == ENOENT ? GHOST_E_NOT_FOUND : GHOST_E_IO, "cannot read the key in %s: %s", *used, strerror(errno));
    if (ret == 0)
        ret = read_key(fd, key, *used, err);
    if (fd >= 0)
        close(fd);
    return ret;
}
