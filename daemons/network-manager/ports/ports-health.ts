// Pure: what health says of the published ports.
import type { Statement } from '../networks/networks-health.ts';
import type { PortClaim } from './port-claims.ts';
import type { PortTable } from './port-table.ts';

export type ChosenPorts = Pick<PortTable, 'served' | 'conflicts' | 'waiting' | 'reserved'>;

const mostNamed = 3;

/** @param taken ports on which a program of the host listens */
export function stateOfPorts(chosen: ChosenPorts, taken: readonly PortClaim[], skipped: readonly string[]): Statement {
  const { served, conflicts, waiting, reserved } = chosen;
  const faults = [
    ...conflicts.map(
      ({ winner, loser }) => `${winner.key}: ${winner.container.name} has it, ${loser.container.name} asks too`,
    ),
    ...reserved.map(({ key, container }) => `${key}: ${container.name} asks, but the address is metadata's and DNS's`),
  ].sort();
  const overheard = taken.map(
    ({ key, container }) => `${key}: a program of the host listens, ${container.name} gets it`,
  );
  const unread = skipped.map((text) => `${JSON.stringify(text)} cannot be published`);
  if (faults.length > 0) return { ok: false, code: 'PORT_CONFLICT', text: some(faults), degradesOnly: true };
  if (overheard.length > 0) return { ok: false, code: 'PORT_TAKEN', text: some(overheard.sort()), degradesOnly: true };
  if (unread.length > 0) return { ok: false, code: 'RECORD_INVALID', text: some(unread), degradesOnly: true };
  const later = waiting === 0 ? '' : `, ${waiting} wait for their bridge`;
  return { ok: true, text: `${served.size} published${later}`, degradesOnly: true };
}

function some(texts: readonly string[]): string {
  const more = texts.length > mostNamed ? `; and ${texts.length - mostNamed} more` : '';
  return `${texts.slice(0, mostNamed).join('; ')}${more}`;
}

/** For the log: a conflict is told once. */
export function conflictsOf({ conflicts }: ChosenPorts): string[] {
  return conflicts.map(({ winner, loser }) => `${winner.key} ${winner.container.id} ${loser.container.id}`).sort();
}
