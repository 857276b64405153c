// The files of the page, read once: what the folder `page/` holds is what is served, and no path leads out of it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { installedPath } from '../shared/daemon/installation.ts';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  /** Of the content, for `If-None-Match`. */
  readonly etag: string;
}

const folder = installedPath('daemons/supervisor/page');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Path as asked for (`/`, `/page.css`) to file. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(folder)) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const body = readFileSync(join(folder, name));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    files.set(name === 'index.html' ? '/' : `/${name}`, { type, body, etag });
  }
  return files;
}
