#!/bin/sh
# boot.sh ARCH KERNEL [WORD...]: boot KERNEL under QEMU (TCG), with WORDs on its command line, and print what the guest
# found. ARCH is x86_64, riscv64 or i386. Environment: MEMORY (2G), CPUS (2), SELFTEST (a static hugepage-vmemmap).
# Needs busybox-static (of the guest's architecture: BUSYBOX), cpio, a compiler for the guest, QEMU.
set -eu
here=$(dirname "$(readlink -f "$0")")
arch=$1 kernel=$2
shift 2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
case $arch in
x86_64) compiler=gcc qemu="qemu-system-x86_64 -cpu max" console=ttyS0 ;;
i386) compiler= qemu="qemu-system-i386 -cpu max" console=ttyS0 ;;
riscv64) compiler=riscv64-linux-gnu-gcc qemu="qemu-system-riscv64 -machine virt" console=ttyS0 ;;
*) echo "boot.sh: no such architecture: $arch" >&2; exit 2 ;;
esac
mkdir -p "$root/guest/bin" "$root/guest/sbin"
cp "${BUSYBOX:-/bin/busybox}" "$root/guest/bin/busybox"
for name in sh mount mkdir cat grep awk sed sort uniq head wc uname ls dmesg dd rm true reboot basename seq printf; do
	ln -s busybox "$root/guest/bin/$name"
done
ln -s ../bin/busybox "$root/guest/sbin/reboot"
cp "$here/init" "$root/guest/init"
[ -z "$compiler" ] || $compiler -O2 -static -o "$root/guest/probe" "$here/probe.c"
[ -z "${SELFTEST-}" ] || cp "$SELFTEST" "$root/guest/hugepage-vmemmap"
(cd "$root/guest" && find . | cpio -o -H newc --quiet | gzip -1) > "$root/initramfs"
timeout "${LIMIT:-600}" $qemu -m "${MEMORY:-2G}" -smp "${CPUS:-2}" -nographic -no-reboot -net none \
	-kernel "$kernel" -initrd "$root/initramfs" -append "console=$console panic=-1 $*" < /dev/null |
	tr -d '\r' > "$root/console" || true
grep -E '^(CHECK|PROBE|END)' "$root/console" || true
if ! grep -q '^END' "$root/console"; then
	echo "NOT BOOTED, or not to the end; the console ends with:"
	tail -n "${TAIL:-15}" "$root/console"
	exit 1
fi
