// A root with the shim installed, a program that says what it was given in place of the standalone plugins, and a server
// in place of the daemon that does whatever a test wants.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const built = join(repository, 'dist/cni/corral-bridge');

let isBuilt = false;

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly ms: number;
}

const standIn = `#!/bin/sh
echo "standalone $2 root=[$CORRAL_ROOT] since=[$CORRAL_CNI_SINCE] options=[$NODE_OPTIONS] stdin=[$(cat | tail -c 100)]"
`;

export class Bed {
  readonly root: string;
  readonly program: string;

  constructor(t: Test) {
    if (!isBuilt) execFileSync(join(repository, 'scripts/build-cni'));
    isBuilt = true;
    this.root = mkdtempSync('/tmp/co-sh-');
    t.teardown(() => rmSync(this.root, { recursive: true, force: true }));
    const bin = join(this.root, 'opt/cni/bin');
    this.program = join(bin, 'corral-bridge');
    mkdirSync(join(bin, '.corral'), { recursive: true });
    mkdirSync(join(this.root, 'run/corral'), { recursive: true });
    copyFileSync(built, this.program);
    writeFileSync(join(bin, '.corral/node'), standIn);
    for (const file of [this.program, join(bin, '.corral/node')]) chmodSync(file, 0o755);
  }

  /** Does to each caller what `work` says; the sockets are closed in the end. */
  async serve(t: Test, work: (socket: Socket) => void): Promise<void> {
    const open = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      open.add(socket.on('error', () => undefined));
      work(socket);
    });
    await new Promise<void>((listening) => server.listen(join(this.root, 'run/corral/cni.sock'), listening));
    t.teardown(() => {
      for (const socket of open) socket.destroy();
      server.close();
    });
  }

  /** A server of another process, that greets nobody; its pid. */
  async serveFromProcess(t: Test): Promise<number> {
    const path = JSON.stringify(join(this.root, 'run/corral/cni.sock'));
    const script = `require('node:net').createServer().listen(${path}, () => console.log('listening'))`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => void child.kill('SIGKILL'));
    await new Promise((listening) => child.stdout.once('data', listening));
    return child.pid ?? 0;
  }

  run(env: Readonly<Record<string, string>> = {}, stdin: string | Buffer = '{}', program = this.program): Promise<Run> {
    const begun = performance.now();
    const child = spawn(program, { env: { PATH: '/usr/bin:/bin', ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk;
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, ms: performance.now() - begun }));
    });
  }
}
