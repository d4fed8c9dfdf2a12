# Knobs, and what follows from them.

##@ Knobs (make TARGET KNOB=value)
#? BUILD      folder for everything that is built [build]
BUILD ?= build
#? PYTHONS    interpreters to build recorders for [all CPythons 3.11 to 3.15 found]
PYTHONS ?=
#? CC         compiler: gcc or clang [gcc]
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
#? SAN        sanitizers: address, undefined, thread, or address,undefined [none]
SAN ?=
#? DEBUG      1: no optimisation, assertions on
DEBUG ?=
#? WERROR     1: warnings are errors (make check sets it)
WERROR ?=
#? OPT        optimisation [-O2]
OPT ?= -O2
#? V          1: show the command lines
V ?=
#? CFLAGS     more compiler flags, last on the line
CFLAGS ?=
#? LDFLAGS    more linker flags, last on the line
LDFLAGS ?=

# Each variant has folders of its own, so switching never mixes objects; the
# plain one stands directly in $(BUILD).
Q := $(if $(V),,@)
comma := ,
empty :=
space := $(empty) $(empty)
variant := $(subst $(space),-,$(strip $(if $(findstring clang,$(notdir $(CC))),clang) $(subst $(comma),-,$(SAN)) $(if $(DEBUG),debug) $(if $(FUZZING),fuzz)))
OUT := $(BUILD)$(if $(variant),/$(variant))
OBJ := $(OUT)/obj

san_flags := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) $(if $(FUZZING),-fsanitize=fuzzer-no-link)
cflags := -std=c17 -D_GNU_SOURCE= -g $(if $(DEBUG),-O0,$(OPT) $(if $(SAN),,-DNDEBUG)) \
	-Wall -Wextra -Wvla -Wstrict-prototypes $(if $(WERROR),-Werror) $(san_flags)
cppflags := -Iinclude -I.
ldflags := $(san_flags) -Wl,-z,relro,-z,now

# ---- libraries ----
PKG_CONFIG ?= pkg-config
# What the log needs, and what the command needs once a source includes its header.
log_packages := libzstd libxxhash
command_headers := sqlite3.h:sqlite3 curl/curl.h:libcurl cjson/cJSON.h:libcjson yaml.h:yaml-0.1 ncurses.h:ncursesw
included := $(sort $(shell cat analyzer/*.[ch] explain/*.[ch] 2>/dev/null | sed -n 's/^\# *include *<\([^>]*\)>.*/\1/p'))
command_packages := $(log_packages) \
	$(foreach pair,$(command_headers),$(if $(filter $(firstword $(subst :, ,$(pair))),$(included)),$(lastword $(subst :, ,$(pair)))))

# A recorder carries zstd and xxhash inside where their archives can be linked
# into a shared object, so that a container needs nothing but the recorder.
#? STATIC     zstd and xxhash inside the recorders: auto, yes or no [auto]
STATIC ?= auto

# ---- interpreters ----
# The list is kept in $(BUILD)/pythons.mk and looked for again when the
# interpreters or headers that could be in it change.
path_dirs := $(subst :, ,$(PATH))
python_key := $(strip $(PYTHONS) : $(sort $(wildcard $(addsuffix /python3,$(path_dirs)) $(addsuffix /python3.1[1-5],$(path_dirs)) \
	$(HOME)/.pyenv/versions/3.1[1-5].*/bin/python3 $(HOME)/.pyenv/version /usr/include/python3.1[1-5]/Python.h)))
pythons_mk := $(BUILD)/pythons.mk
# sets minors, and for each minor: python_3XY, include_3XY, version_3XY, others_3XY
needs_pythons := $(if $(MAKECMDGOALS),$(filter-out help clean uninstall lint check check-fast demo fuzz replay unit tools venv,$(MAKECMDGOALS)),all)
ifneq ($(needs_pythons),)
include $(pythons_mk)
ifneq ($(python_key),$(strip $(found_with)))
$(pythons_mk): FORCE
endif
endif
$(pythons_mk): scripts/find_pythons.sh
	@mkdir -p $(@D)
	@scripts/find_pythons.sh $(PYTHONS) >$@.list || { rm -f $@.list; exit 1; }
	@awk -v key='$(python_key)' -f scripts/pythons_mk.awk $@.list >$@.new && mv $@.new $@
