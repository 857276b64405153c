// Inside a namespace: loads the connections of many peers into a charon of its own, by the driver's keeper and by swanctl, in
// turn, and prints the times.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Charon } from '../../../daemons/overlay/ipsec/charon/charon.ts';
import { TunnelsKeeper } from '../../../daemons/overlay/ipsec/keep-tunnels.ts';
import { openVici } from '../../../daemons/overlay/ipsec/vici.ts';
import type { ViciInput } from '../../../daemons/overlay/ipsec/vici-codec.ts';
import { wantConnections } from '../../../daemons/overlay/ipsec/want-connections.ts';
import { KeyPair } from '../../../daemons/overlay/keys/key-pair.ts';
import { OverrideIndex } from '../../../daemons/overlay/overrides.ts';
import { wantNetworks } from '../../../daemons/overlay/want-networks.ts';
import { Health } from '../../../daemons/shared/daemon/health.ts';
import { charonPlaces } from '../../../daemons/shared/model/ipsec.ts';
import { noChange, Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { blockObject, hostIdOf, hostObject, networkObject } from '../../fixtures/overlay-objects.ts';
import type { LoadSamples } from '../secret.bench.ts';

const [, , peersText = '200', roundsText = '5'] = process.argv;
const peers = Number(peersText);
const settings = { encap: false, ikeRekey: 14_400, childRekey: 3_600, dpd: 3_600, replayWindow: 1_024 };
const numbers = Array.from({ length: peers + 1 }, (_, at) => at + 1);
const objects = [
  networkObject('corral', { driver: 'ipsec' }),
  ...numbers.map((one) => hostObject(one, { agentIp: `10.200.${one >> 8}.${one & 255}` })),
  ...numbers.map((one) => blockObject(one, `10.42.${one}.0/24`)),
];
const snapshot = Snapshot.empty(hostIdOf(1)).apply({ put: objects, drop: [] }, { revision: 1, complete: true });
const wish = wantNetworks(snapshot, new OverrideIndex().update(snapshot, noChange), new Set(['ipsec']));
const pairs = numbers.map(() => KeyPair.make('ipsec'));
const bytes = (number: number): Buffer => Buffer.from(pairs[number - 1]!.publicKey, 'base64');
const log = { info: () => undefined, warn: () => undefined } as never;

/** @param other a peer that has the key of this host in place of its own */
function connectionsWith(other = 0) {
  const keys = new Map(numbers.slice(1).map((one) => [hostIdOf(one), [bytes(one === other ? 1 : one)]]));
  const credentials = { by: 'keys', own: bytes(1), peers: keys } as const;
  return wantConnections(wish.networks, { credentials, settings, mode: 'user-space' }).connections;
}

async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const samples: LoadSamples = { loaded: [], swanctl: [], again: [], change: [], list: [] };
for (let round = 0; round < Number(roundsText); round += 1) {
  const run = mkdtempSync(`${tmpdir()}/cb-`);
  const places = charonPlaces(run);
  const charon = new Charon(places);
  const own = { by: 'keys', pairs: [pairs[0]!] } as const;
  const base = { mode: 'user-space', own, complete: true } as const;
  const options = { context: { log, health: new Health() }, charon, socket: places.socket, alone: true };
  try {
    const tunnels = new TunnelsKeeper({ ...options, onRunning: async () => undefined });
    samples.loaded.push(await timed(() => tunnels.want({ ...base, connections: connectionsWith() })));
    samples.change.push(await timed(() => tunnels.want({ ...base, connections: connectionsWith(7) })));
    await tunnels.close();
    const second = new TunnelsKeeper({ ...options, charon: new Charon(places), onRunning: async () => undefined });
    samples.again.push(await timed(() => second.want({ ...base, connections: connectionsWith(7) })));
    await second.close();
    const vici = openVici(places.socket);
    samples.list.push(
      await timed(async () => {
        await vici.list('list-conns', 'list-conn', {}, 30_000);
        await vici.list('list-sas', 'list-sa', {}, 30_000);
      }),
    );
    vici.close();
    await charon.stop();
    // swanctl takes public keys from files alone, so that it does this part with a secret.
    await charon.ensure('user-space');
    const secret = { by: 'secret', mark: 'x' } as const;
    const { connections } = wantConnections(wish.networks, { credentials: secret, settings, mode: 'user-space' });
    const named = Object.fromEntries(connections.map(({ name, message }) => [name, message]));
    writeFileSync(`${run}/all.conf`, `connections {\n${render(named)}}\n`);
    const args = ['--load-all', '--file', `${run}/all.conf`, '--uri', `unix://${places.socket}`];
    samples.swanctl.push(await timed(() => execFileSync('swanctl', args, { stdio: 'ignore', timeout: 60_000 })));
  } finally {
    await charon.stop();
    rmSync(run, { recursive: true, force: true });
  }
}
console.log(JSON.stringify(samples));

function render(section: ViciInput): string {
  return Object.entries(section)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      if (typeof value === 'boolean') return `${name} = ${value ? 'yes' : 'no'}\n`;
      if (Array.isArray(value)) return `${name} = ${value.join(',')}\n`;
      return typeof value === 'object' ? `${name} {\n${render(value as ViciInput)}}\n` : `${name} = ${value}\n`;
    })
    .join('');
}
