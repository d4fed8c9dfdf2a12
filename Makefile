# Ghost: the build. `make help` lists targets and knobs; docs/adding.md says where a change goes.
#
#   mk/config.mk    knobs, compilers, libraries, interpreters
#   mk/rules.mk     how sources become build/ghost and build/lib
#   mk/check.mk     lint, unit tests, fuzzing, end-to-end tests, demo, bench
#   mk/install.mk   install and uninstall
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.PHONY: FORCE
FORCE:

include mk/config.mk
include mk/rules.mk
include mk/check.mk
include mk/install.mk

##@ The rest
.PHONY: help clean
help: ## this text
	@awk -f scripts/help.awk mk/rules.mk mk/check.mk mk/install.mk Makefile mk/config.mk

clean: ## remove everything that was built
	rm -rf $(BUILD) compile_commands.json
