// The program that the shim becomes when no daemon hosts the plugins. Its argument is the name or the path by which the shim
// was called; CORRAL_CNI_SINCE tells that a daemon died with the call, and when the call began.
import { readFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { pathsBelow } from '../daemons/shared/model/paths.ts';
import type { CniReply } from './api.ts';
import { createCni } from './library.ts';
import { fail } from './shared/respond.ts';
import { rootOf } from './shared/root.ts';

const calledAs = process.argv[2] ?? '';
void answer().then((reply) => {
  writeAll(1, reply.stdout);
  writeAll(2, reply.stderr);
  process.exitCode = reply.exitCode;
});

async function answer(): Promise<CniReply> {
  let stdin = '';
  try {
    if (process.env.CNI_COMMAND !== 'VERSION') stdin = readFileSync(0, 'utf8');
    const cni = createCni({ paths: pathsBelow(rootOf(process.env.CORRAL_ROOT, calledAs)) });
    const since = Number.parseInt(process.env.CORRAL_CNI_SINCE ?? '', 10);
    const begun = Number.isNaN(since) ? {} : { since };
    const answered = await cni.handle({ program: basename(calledAs), env: process.env, stdin, ...begun });
    cni.close();
    return answered;
  } catch (error) {
    return fail(error, stdin);
  }
}

/** Written before the process ends, whatever is at the other end. */
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
