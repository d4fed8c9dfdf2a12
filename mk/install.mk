# Install: PREFIX/bin/ghost, PREFIX/lib/ghost (the recorders and boot/), and what the
# command prints of itself: its manual page and completions.

##@ Install
#? PREFIX     where to install [/usr/local]
PREFIX ?= /usr/local
#? DESTDIR    put before PREFIX, for packagers
DESTDIR ?=
prefix_dir := $(DESTDIR)$(PREFIX)
libdir := $(prefix_dir)/lib/ghost
# file, and the arguments of ghost that print it
printed := share/man/man1/ghost.1|manual \
	share/bash-completion/completions/ghost|completion|bash \
	share/zsh/site-functions/_ghost|completion|zsh \
	share/fish/vendor_completions.d/ghost.fish|completion|fish
printed_file = $(prefix_dir)/$(firstword $(subst |, ,$(1)))
printed_by = $(wordlist 2,9,$(subst |, ,$(1)))

.PHONY: install uninstall
install: ghost recorders extension ## the command, recorders, SQLite's extension, manual page, completions and licence under PREFIX
	install -d $(prefix_dir)/bin $(libdir)/boot
	install -m 755 $(OUT)/ghost $(prefix_dir)/bin/ghost
	install -m 755 $(OUT)/lib/ghost_recorder.*.so $(OUT)/lib/ghost_events.so $(libdir)
	install -m 644 $(OUT)/lib/boot/*.py $(libdir)/boot
	install -m 644 LICENSE $(libdir)
	@set -e; $(foreach row,$(printed),install -d $(dir $(call printed_file,$(row))); \
		echo '$(OUT)/ghost $(call printed_by,$(row)) >$(call printed_file,$(row))'; \
		$(OUT)/ghost $(call printed_by,$(row)) >$(call printed_file,$(row));)

uninstall: ## remove what install put there, and nothing else
	rm -f $(prefix_dir)/bin/ghost $(foreach row,$(printed),$(call printed_file,$(row)))
	rm -f $(libdir)/ghost_recorder.cpython-3*.so $(libdir)/ghost_events.so $(libdir)/boot/sitecustomize.py $(libdir)/LICENSE
	rm -rf $(libdir)/boot/__pycache__
	[ ! -d $(libdir) ] || rmdir $(libdir)/boot $(libdir)
