# Install: PREFIX/bin/ghost and PREFIX/lib/ghost (the recorders and boot/).

##@ Install
#? PREFIX     where to install [/usr/local]
PREFIX ?= /usr/local
#? DESTDIR    put before PREFIX, for packagers
DESTDIR ?=
bindir := $(DESTDIR)$(PREFIX)/bin
libdir := $(DESTDIR)$(PREFIX)/lib/ghost

.PHONY: install uninstall
install: ghost recorders ## the command, the recorders and the licence under PREFIX
	install -d $(bindir) $(libdir)/boot
	install -m 755 $(OUT)/ghost $(bindir)/ghost
	install -m 755 $(OUT)/lib/ghost_recorder.*.so $(libdir)
	install -m 644 $(OUT)/lib/boot/*.py $(libdir)/boot
	install -m 644 LICENSE $(libdir)

uninstall: ## remove what install put there, and nothing else
	rm -f $(bindir)/ghost $(libdir)/ghost_recorder.cpython-3*.so $(libdir)/boot/sitecustomize.py $(libdir)/LICENSE
	rm -rf $(libdir)/boot/__pycache__
	-rmdir $(libdir)/boot $(libdir)
