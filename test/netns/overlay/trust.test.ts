// Where nobody is trusted at first sight a new host has no tunnel and is named, until a person trusts it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { callJson } from '../../../daemons/shared/source/call.ts';
import { isRoot, type Namespace, until } from '../support/namespaces.ts';
import { type Daemon, type Host, makeSwitch, patience } from './support/hosts.ts';
import { isCut, makeSecretHosts, reachesBoth } from './support/secret-hosts.ts';

t.setTimeout(120_000);

interface Keys {
  readonly hosts: readonly { readonly host: string; readonly trusted: boolean; readonly reason?: string }[];
}

/** Waits until the daemon says this of the others' keys. */
function says(daemon: Daemon, code: string | null): Promise<{ text: string; ok: boolean; degradesOnly: boolean }> {
  return until(patience, `it says ${code}: ${daemon.log()}`, async () => {
    const report = await daemon.health().catch(() => undefined); // before it listens
    return report?.conditions.find((one) => one.name === 'keys' && one.code === code);
  });
}

const trust = ({ root }: Host, other: string): Promise<unknown> =>
  callJson(join(root, 'run/corral/overlay.sock'), `/v1/trust?host=${other}`, { method: 'POST' });

if (!isRoot) t.plan(0, 'needs root');
else if (!existsSync('/usr/sbin/charon-systemd')) t.plan(0, 'needs strongSwan (scripts/setup --ipsec)');
else
  t.test('two hosts that have to be listed', async (t) => {
    const sw = makeSwitch(t);
    const { hosts, daemons, containers } = await makeSecretHosts(t, {
      driver: 'ipsec',
      switches: [sw, sw],
      env: { CORRAL_OVERLAY_IPSEC_USER_SPACE: 'allow', CORRAL_OVERLAY_TRUST: 'listed' },
    });
    const [c1, c2] = containers as [Namespace, Namespace];
    for (const [at, daemon] of daemons.entries()) {
      const state = await says(daemon, 'KEY_UNKNOWN');
      t.match(state, {
        ok: false,
        degradesOnly: true,
        text: new RegExp(`node-${2 - at} is cut off: its identity .* is new`),
      });
      t.match((await daemon.get<Keys>('/v1/keys')).hosts, [{ trusted: false, reason: /nobody has trusted it/ }]);
    }
    await trust(hosts[0]!, 'node-2');
    await says(daemons[0]!, null);
    t.ok(isCut(c1, 2) && isCut(c2, 1), 'one of the two is not enough');
    t.equal((await says(daemons[1]!, 'KEY_UNKNOWN')).ok, false);
    await trust(hosts[1]!, 'node-1');
    await until(patience, 'they reach each other', () => reachesBoth(c1, 2) && reachesBoth(c2, 1));
    t.equal((await says(daemons[1]!, null)).ok, true);
  });
