// Pure: the first root of the machine as Linux wants it at boot, a cpio archive ("newc", kernel documentation: initramfs buffer
// format), and the order in which modules must be loaded.

export interface BootFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly content: Uint8Array | string;
  readonly executable?: boolean;
}

const directoryMode = 0o040755;
const fileMode = { plain: 0o100644, executable: 0o100755 } as const;

/** The files with the folders that they need; folders in `folders` are there even if empty. */
export function packBootImage(files: readonly BootFile[], folders: readonly string[] = []): Uint8Array {
  const needed = new Set([...folders, ...files.map(({ path }) => parentOf(path))].flatMap(withParents));
  const entries = [
    ...[...needed].sort().map((path) => packEntry(path, directoryMode, new Uint8Array())),
    ...files.map(({ path, content, executable }) => {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      return packEntry(path, fileMode[executable ? 'executable' : 'plain'], bytes);
    }),
    packEntry('TRAILER!!!', 0, new Uint8Array()),
  ];
  return Buffer.concat(entries);
}

/** Header of 13 numbers in hexadecimal, name, content; name and content each end on a multiple of four. */
function packEntry(path: string, mode: number, content: Uint8Array): Uint8Array {
  const name = Buffer.from(`${path}\0`);
  const [inode, owner, group, links, time, none] = [0, 0, 0, 1, 0, 0];
  const numbers = [inode, mode, owner, group, links, time, content.length, none, none, none, none, name.length, none];
  const header = Buffer.from(`070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`);
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(content)]);
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)]);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function withParents(path: string): string[] {
  return path === '' ? [] : [...withParents(parentOf(path)), path];
}

/**
 * Paths of the modules and of all that they need, each behind its needs.
 *
 * @param index the text of depmod's modules.dep: `kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko …` (modules.dep(5))
 * @param wanted names with `_` or `-`; one that the index does not know is built into the kernel
 */
export function loadOrder(index: string, wanted: readonly string[]): string[] {
  const needs = new Map<string, string[]>();
  const pathOf = new Map<string, string>();
  for (const line of index.split('\n')) {
    const [path, rest] = line.split(':');
    if (!path || rest === undefined) continue;
    needs.set(path, rest.split(' ').filter(Boolean));
    pathOf.set(moduleName(path), path);
  }
  const ordered = new Set<string>();
  const add = (path: string): void => {
    if (ordered.has(path)) return;
    for (const need of needs.get(path) ?? []) add(need);
    ordered.add(path);
  };
  for (const name of wanted) {
    const path = pathOf.get(name.replaceAll('-', '_'));
    if (path !== undefined) add(path);
  }
  return [...ordered];
}

function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.ko$/, '')
    .replaceAll('-', '_');
}
