// What tests of secret networks ask a lab: who reaches whom, what the overlay tells of its peers, and which charon runs.
import { existsSync } from 'node:fs';
import { callJson } from '../../../daemons/shared/source/call.ts';
import { socketOn } from '../../../daemons/supervisor/lab/host-suite.ts';
import { findHost } from '../../../daemons/supervisor/lab/plan-lab.ts';
import type { TestLab } from './lab.ts';

export const hasStrongswan: boolean = existsSync('/usr/sbin/charon-systemd');

export interface PeerState {
  readonly host: string;
  readonly state: string;
  readonly tunnel: {
    readonly state: string;
    readonly rxBytes: number;
    readonly txBytes: number;
    readonly lastRekeyMs: number | null;
  } | null;
}

export interface Condition {
  readonly name: string;
  readonly ok: boolean;
  readonly code: string | null;
  readonly text: string;
}

export function overlayOf(lab: TestLab, host: string): string {
  return socketOn(findHost(lab.lab.plan, host), 'overlay');
}

/** Its process id as the host numbers it. @throws if none runs */
export function charonOn(lab: TestLab, host: string): string {
  return lab.run(host, 'pgrep', '-x', 'charon-systemd').trim();
}

/** True if one answer comes within a second. */
export function reaches(lab: TestLab, from: string, address: string, ...more: string[]): boolean {
  return lab.succeeds(from, 'ping', '-n', '-c', '1', '-W', '1', ...more, address);
}

export function peersOf(lab: TestLab, host: string): Promise<PeerState[]> {
  return callJson(overlayOf(lab, host), '/v1/peers', {});
}

/** Of the overlay of a host. */
export async function conditionOf(lab: TestLab, host: string, name: string): Promise<Condition | undefined> {
  const { conditions } = await callJson<{ conditions: Condition[] }>(overlayOf(lab, host), '/readyz', {});
  return conditions.find((one) => one.name === name);
}
