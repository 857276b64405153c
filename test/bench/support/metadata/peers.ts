// Who else can answer the same bytes: Node's bare `http`, and nginx with files.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../../netns/support/namespaces.ts';
import { type Bed, gateway, runIn } from './bed.ts';

export interface Page {
  readonly name: string;
  readonly path: string;
  readonly accept: string;
  readonly body: string;
}

export interface Peer {
  readonly pid: number;
  readonly urlOf: (page: Page) => string;
}

/** Bare `http`: the answer of the path with the headers of ours, nothing decided for a request. */
export async function startBareHttp(bed: Bed, pages: readonly Page[], port: number): Promise<Peer> {
  const file = join(bed.root.path, 'pages.json');
  writeFileSync(file, JSON.stringify(pages));
  const script = `
    const pages = new Map(JSON.parse(require('node:fs').readFileSync('${file}', 'utf8')).map(({ name, accept, body }) => {
      const bytes = Buffer.from(body);
      const type = accept === 'application/json' ? accept : 'text/plain; charset=utf-8';
      const headers = { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff', 'Access-Control-Allow-Origin': '*',
        'Content-Length': bytes.length, ETag: '"0123456789abcdef0123456789abcdef"' };
      // A short text goes out in one write with its headers, a long one as bytes: the better of both for each.
      return ['/' + name, { headers, body: bytes.length > 65536 ? bytes : body }];
    }));
    require('node:http').createServer((request, response) => {
      const page = pages.get(request.url);
      response.writeHead(200, page.headers);
      response.end(page.body);
    }).listen(${port}, '${gateway}', () => console.log('listening'));`;
  const { process: child, said } = runIn(bed.scope, bed.host, [process.execPath, '-e', script]);
  await until(5_000, 'bare http', () => said().includes('listening'));
  return { pid: child.pid!, urlOf: (page) => `http://${gateway}:${port}/${page.name}` };
}

export async function startNginx(bed: Bed, pages: readonly Page[], port: number): Promise<Peer> {
  const dir = join(bed.root.path, 'nginx');
  mkdirSync(join(dir, 'pages'), { recursive: true });
  for (const { name, body } of pages) writeFileSync(join(dir, 'pages', name), body);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`);
  writeFileSync(
    join(dir, 'nginx.conf'),
    `user root; daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/log;
     events { worker_connections 4096; }
     http { access_log off; keepalive_requests 100000000; sendfile on; tcp_nopush on; open_file_cache max=100;
       default_type application/json; ${paths.join(' ')}
       server { listen ${gateway}:${port}; root ${dir}/pages; } }`,
  );
  const { process: child } = runIn(bed.scope, bed.host, [
    'nginx',
    '-p',
    dir,
    '-e',
    `${dir}/log`,
    '-c',
    `${dir}/nginx.conf`,
  ]);
  const { exec } = await import('../../../netns/support/namespaces.ts');
  await until(5_000, 'nginx', () => exec(bed.host, 'ss', ['-lnt']).includes(`:${port} `));
  return { pid: child.pid!, urlOf: (page) => `http://${gateway}:${port}/${page.name}` };
}
