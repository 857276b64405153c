// F15 across hosts: one address twice. The older claim wins, the younger is refused with the owner's name, and nothing flaps.
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { hasCode } from '../../daemons/shared/model/errors.ts';
import { pathsBelow } from '../../daemons/shared/model/paths.ts';
import { corralCommand, makeTestLab, type TestLab } from '../cluster/support/lab.ts';
import { pingTraffic } from '../cluster/support/traffic.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';

t.setTimeout(200_000);

const wanted = { 'io.rancher.container.ip': '10.88.0.7' };

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('two hosts', async (t) => {
    const lab = await makeTestLab(t, { hosts: 2, containers: 1 });

    await t.test('two containers of a flat network ask for one address', async (t) => {
      lab.run('h1', corralCommand, 'network', 'create', 'flat', '--subnet', '10.88.0.0/16', '--flat');
      await lab.networkReady('flat');
      const first = await lab.addContainer('h1', 'first', { network: 'flat', labels: wanted });
      t.equal(first.address, '10.88.0.7');
      const other = await lab.addContainer('h2', 'other', { network: 'flat' });
      await until(30_000, 'they reach each other', () => lab.succeeds('h2/other', 'ping', '-c1', '-W2', '10.88.0.7'));
      const ping = await pingTraffic(t, lab, 'h2/other', '10.88.0.7');
      for (let round = 0; round < 3; round += 1) {
        try {
          await lab.addContainer('h2', 'second', { network: 'flat', labels: wanted });
          t.fail('the second one was attached');
        } catch (error) {
          t.ok(hasCode(error, 'ADDRESS_TAKEN'), String(error));
          t.match((error as Error).message, /10\.88\.0\.7.* h1/, 'the owner’s host is named');
        }
      }
      t.same((await ping.stop()).lost, [], 'the first one never noticed');
      await lab.dropContainer('h1', 'first');
      const later = await until(30_000, 'the address is free again', () => {
        return lab.addContainer('h2', 'second', { network: 'flat', labels: wanted }).catch(() => undefined);
      });
      t.equal(later.address, '10.88.0.7');
      t.not(other.address, later.address);
    });

    await t.test('a host that has the address of another is refused, and both are named', async (t) => {
      const ping = await pingTraffic(t, lab, 'h1/a1', '198.51.100.1');
      const path = pathsBelow(lab.hosts[1]!.root).config;
      const config = readFileSync(path, 'utf8');
      writeFileSync(path, config.replace('192.168.50.12', '192.168.50.11'));
      await lab.fault('kill', 'h2', 'metadata');
      const told = await until(60_000, 'h2 tells of it', () => conflictOf(lab, 'h2'));
      t.match(told, /h1 \(192\.168\.50\.11/);
      t.match(told, /h2 \(192\.168\.50\.11/);
      t.same((await ping.stop()).lost, []);
      writeFileSync(path, config);
      await lab.fault('kill', 'h2', 'metadata');
      await lab.well();
      t.equal(conflictOf(lab, 'h2'), undefined);
      t.equal(conflictOf(lab, 'h1'), undefined);
    });
  });

function conflictOf(lab: TestLab, host: string): string | undefined {
  const { daemons } = JSON.parse(lab.run(host, 'sh', '-c', `${corralCommand} status --json || true`)) as {
    daemons: { conditions: { code: string | null; ok: boolean; text: string }[] }[];
  };
  const found = daemons.flatMap(({ conditions }) => conditions).find(({ code, ok }) => !ok && code === 'HOST_CONFLICT');
  return found?.text;
}
