#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# link-vmlinux.sh LD LDFLAGS LINKER-SCRIPT: make vmlinux and System.map.
set -e

LD=$1 LDFLAGS=$2 lds=$3

info() {
	[ "$quiet" = silent_ ] || printf '  %-7s %s\n' "$1" "$2"
}

# The time stamp belongs to the link, or it would cause one.
${MAKE} -f "$srctree/scripts/Makefile.build" obj=kernel kernel/version.o

info LD vmlinux
${LD} ${LDFLAGS} -T "$lds" -o vmlinux --whole-archive built-in.a --no-whole-archive kernel/version.o

info NM System.map
${NM} -n vmlinux > System.map
