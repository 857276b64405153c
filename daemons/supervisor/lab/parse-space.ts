// Pure: is a process one that holds a lab's space; told from its arguments, as /proc/PID/cmdline has them.

export interface FoundSpace {
  readonly space: string;
  /** Process 1 of the space; else the `unshare` outside that made it. */
  readonly isInit: boolean;
}

export function parseSpace(cmdline: string, mark: string): FoundSpace | undefined {
  const words = cmdline.split('\0');
  const at = words.lastIndexOf(mark);
  const space = words[at + 2];
  const program = words[0];
  // `sh -ec SCRIPT MARK DIR NAME`, behind unshare and its flags outside.
  if (at < 3 || words[at - 2] !== '-ec' || !space) return undefined;
  if (program === 'sh' && at === 3) return { space, isInit: true };
  return program === 'unshare' ? { space, isInit: false } : undefined;
}
