// Pure: the script that is process 1 of a space (a host, or the switch): it gives the space folders of its own and then
// buries the dead. Everything that it mounts is private and ends with it.
//
// Its arguments, by which it is found in /proc: the mark of the lab, the lab's folder, the name of the space.

export function markOf(lab: string): string {
  return `corral-lab:${lab}`;
}

/** A file of the space's folder that appears when the space is ready. */
export const furnishedFile = 'furnished';

/**
 * /run is a fresh one, so that namespaces and the lock of iptables are the host's own; of the old one only the lab's folder
 * stays. /etc is a copy on write. `mount -n`, since a mount table in the old /run would not be there any more.
 * In the end process 1 waits for children for ever; a trap of SIGCHLD makes `wait` come back for those that it adopted.
 */
export const furnish = `
dir=$1 name=$2
hostname "$name"
stage=$dir/$name/stage
mkdir -p "$stage"
mount -n -t tmpfs -o mode=755 tmpfs "$stage"
mkdir -p "$stage\${dir#/run}" "$stage/lock" "$stage/netns" "$stage/etc.upper" "$stage/etc.work"
mount -n --bind "$dir" "$stage\${dir#/run}"
mount -n --move "$stage" /run
mount -n -t overlay -o lowerdir=/etc,upperdir=/run/etc.upper,workdir=/run/etc.work overlay /etc
mount -n -t sysfs sysfs /sys
rmdir "$stage" 2>/dev/null || true
for file in hostname hosts resolv.conf; do
  if [ -e "$dir/$name/$file" ]; then rm -f "/etc/$file"; cp "$dir/$name/$file" "/etc/$file"; fi
done
ip link set lo up
: >"$dir/$name/furnished"
set +e
trap : CHLD
sleep infinity &
while kill -0 $!; do wait; done
`;
