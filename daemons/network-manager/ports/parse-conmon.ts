// Pure: which container a process monitors, by its command line (/proc/PID/cmdline): `conmon --api-version 1 -c ID -u ID …`.

/** The engine's id of the container; undefined if the process is no conmon. */
export function monitoredContainer(cmdline: string): string | undefined {
  const words = cmdline.split('\0');
  if (!/(^|\/)conmon$/.test(words[0] ?? '')) return undefined;
  const at = words.findIndex((word) => word === '-c' || word === '--cid');
  return at < 0 ? undefined : words[at + 1] || undefined;
}
