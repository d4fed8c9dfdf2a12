# Everything that judges or shows the product: lint, tests, fuzzing, demo, bench.

##@ Check
#? STAGES     stages of make check to run, in this order [all]
STAGES ?=
#? FUZZ_TIME  seconds for each fuzzer of make fuzz [60]
FUZZ_TIME ?= 60
#? TESTS      files or folders for pytest [tests]
TESTS ?= tests
#? PYTEST     more arguments for pytest, as PYTEST="-k threads -x"
PYTEST ?=
.PHONY: check check-fast lint unit replay fuzz fuzzers replayers e2e matrix venv
check: ## everything a newcomer and CI need; installs what is missing when it can
	@scripts/bootstrap.sh check
	@BUILD=$(BUILD) scripts/check.sh $(STAGES)

check-fast: ## the inner loop, a few minutes: build, lint, unit, replay, quick tests
	@scripts/bootstrap.sh check
	@BUILD=$(BUILD) scripts/check.sh build lint unit replay quick

lint: ## layers, lengths, banned functions, docs against headers, strangers in tracked files
	@scripts/bootstrap.sh check
	@tests/lint/run.sh

# ---- unit tests: tests/unit/u_x.c is one program, linked with all code but main ----
# Helpers are the other .c files there. A test that needs linker flags says so in
# a comment of its own:  /* ldflags: -Wl,--wrap=malloc */
#? UNIT       unit tests to run, as UNIT="u_drain u_hist" [all]
UNIT ?= *
unit_src := $(filter tests/unit/u_%,$(wildcard $(UNIT:%=tests/unit/%.c)))
unit_helpers := $(filter-out tests/unit/u_%,$(wildcard tests/unit/*.c))
unit_bin := $(unit_src:tests/unit/%.c=$(OUT)/unit/%)
unit_helper_obj := $(unit_helpers:tests/unit/%.c=$(OBJ)/unit/%.o)
unit_flags := $(filter-out -DNDEBUG,$(command_flags)) -Itests/unit

$(OBJ)/unit/%.o: tests/unit/%.c $(OBJ)/command.flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(unit_flags) -MMD -MP -c -o $@ $<

define unit_rules # name
$(OUT)/unit/$(1): $(OBJ)/unit/$(1).o $(unit_helper_obj) $(libcommand) $(libformat)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	$$(Q)$$(CC) $$(unit_flags) $$(ldflags) -pie -o $$@ $$(filter %.o,$$^) $(libcommand) $(libformat) \
		$$(command_libs) -lcmocka $$(shell sed -n 's,^/\* *ldflags: *\(.*\) \*/.*,\1,p' tests/unit/$(1).c) $$(LDFLAGS)
endef
$(foreach test,$(unit_bin),$(eval $(call unit_rules,$(notdir $(test)))))

unit: $(unit_bin) ## unit tests (SAN=address,undefined works here too)
	@scripts/run_unit.sh $(unit_bin)

# ---- fuzzing: tests/fuzz/fuzz_x.c has LLVMFuzzerTestOneInput, corpus/fuzz_x its inputs ----
# replay*.c there has the main() that runs a corpus without libFuzzer.
fuzz_names := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_replay := $(wildcard tests/fuzz/replay*.c)
fuzz_helpers := $(filter-out $(fuzz_replay) tests/fuzz/fuzz_%.c,$(wildcard tests/fuzz/*.c))
define fuzz_rules # name
$(OUT)/fuzz/$(1): tests/fuzz/$(1).c $(fuzz_helpers) $(libcommand) $(libformat)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	$$(Q)$$(CC) $$(unit_flags) $$(ldflags) -fsanitize=fuzzer -pie -o $$@ $$(filter %.c %.a,$$^) $$(command_libs) $$(LDFLAGS)
$(OUT)/fuzz/replay_$(1): tests/fuzz/$(1).c $(fuzz_replay) $(fuzz_helpers) $(libcommand) $(libformat)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	$$(Q)$$(CC) $$(unit_flags) $$(ldflags) -pie -o $$@ $$(filter %.c %.a,$$^) $$(command_libs) $$(LDFLAGS)
endef
$(foreach name,$(fuzz_names),$(eval $(call fuzz_rules,$(name))))
fuzzers: $(addprefix $(OUT)/fuzz/,$(fuzz_names))
replayers: $(addprefix $(OUT)/fuzz/replay_,$(fuzz_names))

replay: ## the fuzzers' corpus once, under AddressSanitizer and UBSan, without clang
	@$(MAKE) --no-print-directory SAN=address,undefined replayers
	@scripts/run_replay.sh $(BUILD)/$(if $(findstring clang,$(notdir $(CC))),clang-)address-undefined/fuzz $(fuzz_names)

fuzz: ## each fuzzer for FUZZ_TIME seconds (libFuzzer, clang); new inputs go to build/corpus
	@scripts/bootstrap.sh fuzz
	@$(MAKE) --no-print-directory CC=clang SAN=address,undefined FUZZING=1 fuzzers
	@scripts/run_fuzz.sh $(BUILD) $(BUILD)/clang-address-undefined-fuzz/fuzz $(FUZZ_TIME) $(fuzz_names)

# ---- tests in Python ----
venv_python := $(BUILD)/venv/bin/python
venv: $(BUILD)/venv/ready ## build/venv with what the tests need
$(BUILD)/venv/ready: scripts/requirements.txt
	@scripts/venv.sh $(BUILD)/venv scripts/requirements.txt

e2e: all tools venv ## every test in Python, on every interpreter found
	@GHOST_BIN=$(abspath $(OUT)/ghost) $(venv_python) -m pytest $(TESTS) $(PYTEST)

matrix: ## the same on CPythons that this machine lacks, in Debian roots (root only)
	@tests/matrix/run.sh

##@ Show
.PHONY: demo bench budgets
demo: ## a real web service under load, recorded and shown
	@scripts/bootstrap.sh demo
	@$(MAKE) --no-print-directory all
	@BUILD=$(abspath $(BUILD)) GHOST_BIN=$(abspath $(OUT)/ghost) examples/shop/demo.sh

bench: all tools ## peers x workloads, one interleaved run (bench/run.py)
	@python3 bench/run.py --build $(OUT) $(BENCH)
#? BENCH      arguments for bench/run.py, as BENCH="--quick --only tight"
BENCH ?=

budgets: all tools ## instructions an event against bench/budgets.csv (valgrind)
	@BUILD=$(abspath $(OUT)) bench/callgrind.sh --check
