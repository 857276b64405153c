#!/bin/busybox sh
# Process 1 of the machine at first, run by busybox: lays a writable layer in memory over the host's own files, which are
# only read, and goes on there with guest.sh. /modules, /setting and /jobs come with it.
. /setting
/bin/busybox mount -n -t proc proc /proc
/bin/busybox mount -n -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
fail() {
  echo "init: $*"
  echo o >/proc/sysrq-trigger
  /bin/busybox sleep 60
}
while read -r module; do
  /bin/busybox insmod "/$module" || fail "cannot load $module"
done </modules
# Everything may be cached: nobody changes the files meanwhile that it reads.
/bin/busybox mount -n -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /host || fail 'cannot read the files of the host'
/bin/busybox mount -n -t tmpfs -o mode=755,size=80% tmpfs /memory
/bin/busybox mkdir /memory/changed /memory/work
/bin/busybox mount -n -t overlay -o lowerdir=/host,upperdir=/memory/changed,workdir=/memory/work overlay /root || fail 'cannot lay a writable layer over them'
/bin/busybox mount -n -t tmpfs -o mode=755 tmpfs /root/run
/bin/busybox mkdir /root/run/corral-vm
/bin/busybox cp /setting /jobs /root/run/corral-vm/
/bin/busybox mount -n --move /proc /root/proc
/bin/busybox mount -n --move /dev /root/dev
exec /bin/busybox switch_root /root /bin/sh "$guest"
fail 'cannot enter the root'
