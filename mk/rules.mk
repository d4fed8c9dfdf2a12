# Sources to build/ghost (the command) and build/lib (what an interpreter loads).

##@ Build
.PHONY: all ghost recorders boot extension tools pythons
all: ghost recorders extension compile_commands.json ## the command, a recorder for each CPython found, SQLite's extension

ghost: $(OUT)/ghost ## build/ghost only
recorders: $(foreach minor,$(minors),$(OUT)/lib/ghost_recorder.cpython-$(minor).so) boot ## build/lib only (needs no library of the command)
	@test -n "$(minors)" || { echo "no CPython 3.11 to 3.15 with headers found: install one (Debian: apt-get install python3-dev)," \
		"or name it: make PYTHONS=/path/to/python3" >&2; exit 1; }

pythons: ## which interpreters recorders are built for
	@$(foreach minor,$(minors),echo "3.$(minor:3%=%): built with $(python_$(minor)) ($(version_$(minor)))$(if $(others_$(minor)),$(comma) used by $(others_$(minor)) too)";)

format_src := $(wildcard format/*.c)
analyzer_src := $(wildcard analyzer/*.c)
explain_src := $(wildcard explain/*.c)
recorder_src := $(wildcard recorder/*.c)
command_src := $(analyzer_src) $(explain_src)

# ---- compile ----
# Objects depend on a file with the exact flags, so that changed flags recompile.
define remember_flags # file, flags
$(1): FORCE
	@mkdir -p $$(@D)
	@echo '$(2)' | cmp -s - $$@ || echo '$(2)' >$$@
endef

# The log's code serves the command and the recorders: position-independent, hidden.
format_flags := $(cppflags) $(cflags) -fPIC -fvisibility=hidden $(shell $(PKG_CONFIG) --cflags $(log_packages) 2>/dev/null) $(CFLAGS)
command_flags := $(cppflags) $(cflags) -fPIE $(shell $(PKG_CONFIG) --cflags $(command_packages) 2>/dev/null) $(CFLAGS)
recorder_flags = $(cppflags) $(cflags) -fPIC -fvisibility=hidden -isystem $(include_$(1)) -isystem $(include_$(1))/internal $(CFLAGS)

$(eval $(call remember_flags,$(OBJ)/format.flags,$(CC) $(format_flags)))
$(eval $(call remember_flags,$(OBJ)/command.flags,$(CC) $(command_flags)))

# The same for the list of files, so that a removed one leaves the archive, too.
$(eval $(call remember_flags,$(OBJ)/format.list,$(format_src)))
$(eval $(call remember_flags,$(OBJ)/command.list,$(command_src)))
$(eval $(call remember_flags,$(OBJ)/recorder.list,$(recorder_src)))

format_obj := $(format_src:%.c=$(OBJ)/%.o)
command_obj := $(command_src:%.c=$(OBJ)/%.o)

# The loops over events are worth more of the compiler's work.
hot_obj := $(addprefix $(OBJ)/,format/block_decode.o format/column.o analyzer/aggregate_walk.o)
$(hot_obj): hot_flags := $(if $(DEBUG),,$(OPT:-O2=-O3))

$(OBJ)/format/%.o: format/%.c $(OBJ)/format.flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(format_flags) $(hot_flags) -MMD -MP -c -o $@ $<
$(command_obj): $(OBJ)/%.o: %.c $(OBJ)/command.flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(command_flags) $(hot_flags) -MMD -MP -c -o $@ $<

# ---- the command ----
libformat := $(OBJ)/libformat.a
libcommand := $(OBJ)/libcommand.a
# Archives, so that a test may bring its own version of a file.
$(libformat): $(format_obj) $(OBJ)/format.list
	@rm -f $@
	@echo "  AR    $@"
	$(Q)ar rcs $@ $(filter %.o,$^)
$(libcommand): $(filter-out $(OBJ)/analyzer/main.o,$(command_obj)) $(OBJ)/command.list
	@rm -f $@
	@echo "  AR    $@"
	$(Q)ar rcs $@ $(filter %.o,$^)

command_libs = $(shell $(PKG_CONFIG) --libs $(command_packages)) -lm -pthread
$(OUT)/ghost: $(OBJ)/analyzer/main.o $(libcommand) $(libformat)
	@echo "  LINK  $@"
	$(Q)$(CC) $(ldflags) -pie -o $@ $^ $(command_libs) $(LDFLAGS)

# ---- recorders: one for each minor version ----
# Whether libzstd.a and libxxhash.a can go into a shared object is tried once.
static_probe := $(OBJ)/static_log_libs_$(STATIC)
$(static_probe): mk/rules.mk
	@mkdir -p $(@D)
	@case '$(STATIC)' in yes) echo yes ;; no) echo no ;; \
	*) echo '#include <zstd.h>' >$@.c; echo 'int probe(void); int probe(void) { return (int)ZSTD_versionNumber(); }' >>$@.c; \
	   if $(CC) -shared -fPIC -o $@.so $@.c $(static_libs) 2>/dev/null; then echo yes; else echo no; fi; rm -f $@.c $@.so ;; \
	esac >$@
static_libs := -Wl,--exclude-libs,ALL -Wl,-Bstatic -lzstd -lxxhash -Wl,-Bdynamic
recorder_libs = $(if $(filter yes,$(shell cat $(static_probe))),$(static_libs),$(shell $(PKG_CONFIG) --libs $(log_packages))) -pthread

define recorder_rules # minor
$(call remember_flags,$(OBJ)/py$(1).flags,$(CC) $(call recorder_flags,$(1)) $(version_$(1)))
$(OBJ)/py$(1)/%.o: recorder/%.c $(OBJ)/py$(1).flags
	@mkdir -p $$(@D)
	@echo "  CC    $$@"
	$$(Q)$$(CC) $$(call recorder_flags,$(1)) -MMD -MP -c -o $$@ $$<
$(OUT)/lib/ghost_recorder.cpython-$(1).so: $(recorder_src:recorder/%.c=$(OBJ)/py$(1)/%.o) $(libformat) $(static_probe) $(OBJ)/recorder.list
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	$$(Q)$$(CC) $$(ldflags) -shared -o $$@.new $(recorder_src:recorder/%.c=$(OBJ)/py$(1)/%.o) $(libformat) $$(recorder_libs) $$(LDFLAGS)
	$(if $(WERROR),$(if $(SAN),,@$(python_$(1)) -I -S -c '$(load_recorder)' $$@.new))
	@mv $$@.new $$@
endef
# A recorder is linked without libpython, so the linker cannot tell a symbol that is
# nowhere; loading it (which starts nothing) can.
load_recorder := import sys; from importlib import machinery, util; \
	util.module_from_spec(util.spec_from_loader("ghost_recorder", machinery.ExtensionFileLoader("ghost_recorder", sys.argv[1])))
$(foreach minor,$(minors),$(eval $(call recorder_rules,$(minor))))

boot: $(patsubst recorder/%,$(OUT)/lib/%,$(wildcard recorder/boot/*.py))
$(OUT)/lib/boot/%: recorder/boot/%
	@mkdir -p $(@D)
	install -m 644 $< $@

# ---- raw events for other programs' SQLite: what the table of events needs, position-independent ----
extension_src := $(patsubst %,analyzer/%.c,events_vtab events events_cursor events_log events_walk events_names signature_text session \
	session_find defs arena)
extension_obj := $(extension_src:analyzer/%.c=$(OBJ)/extension/%.o)
extension: $(OUT)/lib/ghost_events.so ## build/lib/ghost_events.so: raw events in the plain sqlite3 shell
$(OBJ)/extension/%.o: analyzer/%.c $(OBJ)/format.flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(format_flags) -DGHOST_SQLITE_EXTENSION -MMD -MP -c -o $@ $<
$(OUT)/lib/ghost_events.so: $(extension_obj) $(libformat) $(static_probe)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) $(ldflags) -shared -o $@ $(extension_obj) $(libformat) $(recorder_libs) -lm $(LDFLAGS)

# ---- tools of the tests: tests/tools/x.c and bench/x.c become build/tools/x ----
tools_src := $(wildcard tests/tools/*.c bench/*.c)
tools: $(foreach src,$(tools_src),$(OUT)/tools/$(basename $(notdir $(src)))) ## build/tools/*: generators used by tests and bench
define tool_rules # source
$(OUT)/tools/$(basename $(notdir $(1))): $(1) $(libcommand) $(libformat) $(OBJ)/command.flags
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	$$(Q)$$(CC) $$(command_flags) $$(ldflags) -pie -MMD -MP -MF $(OBJ)/tool_$(basename $(notdir $(1))).d -o $$@ $(1) $(libcommand) $(libformat) $$(command_libs) $$(LDFLAGS)
endef
$(foreach src,$(tools_src),$(eval $(call tool_rules,$(src))))

# ---- for editors ----
newest := $(lastword $(minors))
define command_entry # source, flags
$(if $(1),{"directory": "$(CURDIR)"$(comma) "file": "$(1)"$(comma) "command": "$(CC) $(subst ",\",$(2)) -c $(1)"}$(comma))
endef
compile_commands.json: $(MAKEFILE_LIST) $(pythons_mk) $(format_src) $(command_src) $(recorder_src)
	$(file >$@,[)
	$(foreach src,$(format_src),$(file >>$@,$(call command_entry,$(src),$(format_flags))))
	$(foreach src,$(command_src),$(file >>$@,$(call command_entry,$(src),$(command_flags))))
	$(foreach src,$(recorder_src),$(file >>$@,$(call command_entry,$(src),$(call recorder_flags,$(newest)))))
	$(file >>$@,{"directory": "$(CURDIR)"$(comma) "file": "include/ghost/log.h"$(comma) "command": "$(CC) $(format_flags) -c include/ghost/log.h"}])

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
