#!/bin/sh
# Prints what to put before a sanitized program, or nothing: where the kernel puts
# more random bits into addresses than the sanitizers of older compilers can live
# with, such a program dies at its start now and then.
[ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ] || exit 0
if setarch "$(uname -m)" -R true 2>/dev/null; then echo "setarch $(uname -m) -R"; fi
