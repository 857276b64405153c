// An image without a registry: the machine's static busybox, with a link for each applet.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian's busybox-static lies. */
const busybox = '/bin/busybox';

/** Imports the image `busybox` through the docker command given. `scratch` is a directory to work in. */
export async function importBusybox(docker: (...args: string[]) => Promise<string>, scratch: string): Promise<void> {
  const tree = join(scratch, 'busybox');
  for (const dir of ['bin', 'tmp', 'etc', 'proc', 'dev', 'root']) mkdirSync(join(tree, dir), { recursive: true });
  copyFileSync(busybox, join(tree, 'bin/busybox'));
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(tree, 'bin', applet));
  const tar = join(scratch, 'busybox.tar');
  execFileSync('tar', ['-C', tree, '-cf', tar, '.']);
  await docker('import', '-c', 'ENV PATH=/bin', tar, 'busybox');
  rmSync(tree, { recursive: true });
  rmSync(tar);
}
