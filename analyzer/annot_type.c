/* annot_type.c - subclasses, doubles, proxies and protocols, by what TYPE
 * records hold. */
#include "annot_type.h"

const char *const type_abc_names[N_TYPE_ABCS] = {
#define X(name) #name,
    GHOST_ABCS(X)
#undef X
};

bool type_is_known(const struct ghost_model_type *t) { return t->n_mro > 0; }

bool type_is(const struct ghost_model_type *t, const char *module, const char *qualname)
{
    return str_equals(t->qualname, qualname) && str_equals(t->module, module);
}

bool type_same(const struct ghost_model_type *a, const struct ghost_model_type *b)
{
    return a == b || (str_equal(a->qualname, b->qualname) && str_equal(a->module, b->module));
}

/* ---- subclasses ---- */

bool type_derives(const struct ghost_model *m, const struct ghost_model_type *t, const struct ghost_model_type *base)
{
    if (type_same(t, base))
        return true;
    for (uint32_t i = 0; i < t->n_mro; i++)
        if (t->mro[i] != GHOST_NONE && type_same(&m->types[t->mro[i]], base))
            return true;
    return false;
}

bool type_derives_named(const struct ghost_model *m, const struct ghost_model_type *t, const char *module, const char *qualname)
{
    if (type_is(t, module, qualname))
        return true;
    for (uint32_t i = 0; i < t->n_mro; i++)
        if (t->mro[i] != GHOST_NONE && type_is(&m->types[t->mro[i]], module, qualname))
            return true;
    return false;
}

bool type_is_registered(const struct ghost_model *m, const struct ghost_model_type *t, const struct ghost_model_type *base)
{
    for (uint32_t i = 0; i < t->n_virtual; i++)
        if (t->virtual_bases[i] != GHOST_NONE && type_derives(m, &m->types[t->virtual_bases[i]], base))
            return true;
    return false;
}

static bool in_namespace(const struct ghost_model_type *t, struct ghost_str member)
{
    for (uint32_t i = 0; i < t->n_members; i++)
        if (str_equal(t->members[i], member))
            return true;
    return false;
}

const struct ghost_model_type *type_owner(const struct ghost_model *m, const struct ghost_model_type *t, struct ghost_str member)
{
    for (uint32_t i = 0; i < t->n_mro; i++)
        if (t->mro[i] != GHOST_NONE && in_namespace(&m->types[t->mro[i]], member))
            return &m->types[t->mro[i]];
    return NULL;
}

/* ---- what is not what it seems ---- */

bool type_is_double(const struct ghost_model *m, const struct ghost_model_type *t)
{
    return type_derives_named(m, t, "unittest.mock", "NonCallableMock") || type_derives_named(m, t, "mock.mock", "NonCallableMock")
           || type_derives_named(m, t, "typing", "Any") || type_derives_named(m, t, "typing_extensions", "Any");
}

bool type_is_proxy(const struct ghost_model *m, const struct ghost_model_type *t)
{
    static const struct { const char *module, *qualname; } weak[] = {
        { "weakref", "ProxyType" }, { "weakref", "CallableProxyType" }, { "builtins", "weakproxy" }, { "builtins", "weakcallableproxy" },
    };
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++)
        if (type_is(t, weak[i].module, weak[i].qualname))
            return true;
    for (uint32_t i = 0; i < t->n_mro; i++)
        if (t->mro[i] != GHOST_NONE && m->types[t->mro[i]].flags & GHOST_TYPE_POSES)
            return true;
    return false;
}

bool type_is_alias_object(const struct ghost_model *m, const struct ghost_model_type *t)
{
    return str_equals(t->module, "typing") || str_equals(t->module, "typing_extensions") || type_derives_named(m, t, "types", "GenericAlias")
           || type_is(t, "types", "UnionType");
}

/* ---- protocols ---- */

/* Names in a Protocol's namespace that are no part of what it asks for. */
static bool is_machinery(struct ghost_str name)
{
    static const char *const names[] = {
        "__abstractmethods__", "__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__", "__callable_proto_members_only__", "__class_getitem__",
        "__classcell__", "__classdictcell__", "__conditional_annotations__", "__dict__", "__doc__", "__firstlineno__", "__init__",
        "__match_args__", "__module__", "__new__", "__non_callable_proto_members__", "__orig_bases__", "__orig_class__",
        "__parameters__", "__protocol_attrs__", "__qualname__", "__slots__", "__static_attributes__", "__subclasshook__",
        "__type_params__", "__weakref__", "_is_protocol", "_is_runtime_protocol", "__typing_is_deprecated_inherited_runtime_protocol__",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equals(name, names[i]))
            return true;
    return name.len > 5 && memcmp(name.p, "_abc_", 5) == 0;
}

static bool is_dunder(struct ghost_str name)
{
    return name.len > 4 && memcmp(name.p, "__", 2) == 0 && memcmp(name.p + name.len - 2, "__", 2) == 0;
}

/* May an instance have attributes that its class does not show? */
static bool instances_are_open(const struct ghost_model *m, const struct ghost_model_type *t)
{
    return type_has(m, t, "__dict__") || t->flags & GHOST_TYPE_METACLASS;
}

static enum type_has_all has_member(const struct ghost_model *m, const struct ghost_model_type *t, struct ghost_str name)
{
    if (type_owner(m, t, name))
        return TYPE_HAS_ALL;
    if (type_has(m, t, "__getattr__"))
        return TYPE_MAY_LACK;
    /* special methods are looked up on the class alone */
    return is_dunder(name) || !instances_are_open(m, t) ? TYPE_LACKS_SOME : TYPE_MAY_LACK;
}

enum type_has_all type_satisfies(const struct ghost_model *m, const struct ghost_model_type *t, const struct ghost_model_type *p)
{
    enum type_has_all all = TYPE_HAS_ALL;
    for (uint32_t i = 0; i < p->n_mro; i++) {
        const struct ghost_model_type *c = p->mro[i] == GHOST_NONE ? NULL : &m->types[p->mro[i]];
        if (!c)
            return TYPE_MAY_LACK; /* a lost definition */
        if (type_is(c, "builtins", "object") || type_is(c, "typing", "Generic")
            || str_equals(c->qualname, "Protocol") /* typing's, or that of typing_extensions */)
            continue;
        for (uint32_t k = 0; k < c->n_members; k++) {
            enum type_has_all one = is_machinery(c->members[k]) ? TYPE_HAS_ALL : has_member(m, t, c->members[k]);
            if (one == TYPE_LACKS_SOME)
                return one;
            if (one == TYPE_MAY_LACK)
                all = one;
        }
    }
    return all;
}
