// What must be true of every answer to a stranger's call.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Cni, type CniReply, type CniRequest, createCni } from '../../../../cni-plugins/library.ts';
import { pathsBelow } from '../../../../daemons/shared/model/paths.ts';
import { block } from '../../../fixtures/blocks.ts';

const mostMs = 100;

/** The library on a root of its own, with the block of one network. */
export function openTarget(t: Test): { root: string; cni: Cni } {
  const root = mkdtempSync(join(tmpdir(), 'co-hostile-'));
  const paths = pathsBelow(root);
  mkdirSync(paths.blocks, { recursive: true });
  writeFileSync(join(paths.blocks, 'corral.json'), JSON.stringify(block));
  const cni = createCni({ paths });
  t.teardown(() => {
    cni.close();
    rmSync(root, { recursive: true, force: true });
  });
  return { root, cni };
}

/** Undefined if the call was answered as it should be, else what was wrong. */
export async function judge(cni: Cni, request: CniRequest): Promise<string | undefined> {
  const [reply, ms] = await timed(cni, request);
  const fault = faultOf(reply);
  if (fault !== undefined) return fault;
  if (ms <= mostMs) return undefined;
  const [, again] = await timed(cni, request); // the first may have paid for the compiler or the collector
  return again > mostMs ? `took ${Math.round(again)} ms of processor time` : undefined;
}

async function timed(cni: Cni, request: CniRequest): Promise<[CniReply, number]> {
  const before = process.cpuUsage();
  const reply = await cni.handle(request);
  const { user, system } = process.cpuUsage(before);
  return [reply, (user + system) / 1000];
}

function faultOf({ exitCode, stdout, stderr }: CniReply): string | undefined {
  if (exitCode === 0) return stdout === '' || isObject(stdout) ? undefined : `printed ${stdout.slice(0, 100)}`;
  if (stdout.length > 16_384) return `an error of ${stdout.length} characters`;
  if (!isObject(stdout)) return `failed with ${stdout.slice(0, 100)}`;
  const { code, msg } = JSON.parse(stdout);
  if (!Number.isInteger(code) || code < 1 || typeof msg !== 'string') return `failed with ${stdout.slice(0, 100)}`;
  if (/Cannot read prop|is not a function|is not iterable|BigInt|INTERNAL/.test(msg)) return `stumbled: ${msg}`;
  return stderr.trimEnd().includes('\n') ? `an error of several lines: ${stderr}` : undefined;
}

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}

/** Every file below a root, but those that leases consist of. */
export function strayFiles(root: string): string[] {
  const own =
    /^run\/corral\/(blocks\/corral\.json|leases\/[A-Za-z0-9][\w.-]*\/(last(\.\d+)?|boot|\.lock|\.attach\/[0-9a-f]{3}\.lock|former\/[0-9a-f]{3}|addresses\/[0-9a-f:.]+|attachments\/[A-Za-z0-9][\w.%-]*\.json))$/;
  const all = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  return all.filter((path) => !own.test(path));
}
