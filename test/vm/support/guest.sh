#!/bin/sh
# Process 1 of the machine, in the host's own files with a writable layer: furnishes it, then does the jobs one by one. What
# they print goes to the host by a port of its own, between marks; the serial console keeps what the kernel says.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
mount -n -t sysfs sysfs /sys
mkdir -p /dev/pts /dev/shm
mount -n -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -n -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -n -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/lock
. /run/corral-vm/setting
# The port appears a moment after its driver. Bounded by the host's patience.
until port=$(grep -slx jobs /sys/class/virtio-ports/*/name); do sleep 0.1; done
port=${port%/name}
exec 3>"/dev/${port##*/}"

# From here on the kernel finds its modules by itself.
release=$(uname -r)
mkdir -p "/lib/modules/$release"
mount -n --bind "$modules" "/lib/modules/$release"

hostname corral-vm
ip link set lo up
ulimit -n 65536

# Every change of the running process empties what an emulated processor knows about memory: fewer changes, twice the speed.
mount -n -t debugfs debugfs /sys/kernel/debug
for limit in min_granularity_ns wakeup_granularity_ns latency_ns; do echo 100000000 >"/sys/kernel/debug/sched/$limit"; done

# Whatever hangs, and whoever is gone who waits for the end: the machine ends itself.
power_off() { echo o >/proc/sysrq-trigger; }
(sleep "$lifetime" && power_off) &

# job NUMBER SECONDS COMMAND…
job() {
  number=$1 limit=$2
  shift 2
  printf '\n%s begin %s\n' "$mark" "$number" >&3
  timeout -k 5 "$limit" "$@" >&3 2>&3 </dev/null
  printf '\n%s end %s %s\n' "$mark" "$number" "$?" >&3
}

. /run/corral-vm/jobs
printf '\n%s done\n' "$mark" >&3
power_off
sleep 60
