// F15 across hosts: one address twice. The older claim wins, the younger is refused with the owner's name, and nothing flaps.
import { readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { hasCode } from '../../daemons/shared/model/errors.ts';
import { pathsBelow } from '../../daemons/shared/model/paths.ts';
import { corralCommand, makeTestLab, type TestLab } from '../cluster/support/lab.ts';
import { pingTraffic } from '../cluster/support/traffic.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';

t.setTimeout(200_000);

/** An address that two have is told within this time, as soon as anybody can know of it. */
const reportMs = 10_000;

const wanted = { 'io.rancher.container.ip': '10.88.0.7' };

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('two hosts', async (t) => {
    const lab = await makeTestLab(t, { hosts: 2, containers: 1, ipv6: true });

    await t.test('a lab with IPv6 inside, from host to host', async (t) => {
      const shown = lab.run('h2/a2', 'ip', '-6', '-o', 'address', 'show', 'dev', 'eth0', 'scope', 'global');
      const address = /inet6 (fd51:[0-9a-f:]+)\//.exec(shown)?.[1] ?? 'none';
      t.not(address, 'none');
      await until(30_000, 'it is reached', () => lab.succeeds('h1/a1', 'ping', '-6', '-c1', '-W2', address));
    });

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

    await t.test('two containers ask for one address outside the blocks of both hosts', async (t) => {
      const far = askFor('10.42.200.7');
      t.equal((await lab.addContainer('h1', 'far', far)).address, '10.42.200.7');
      await until(30_000, 'it is reached', () => lab.succeeds('h2/a2', 'ping', '-c1', '-W2', '10.42.200.7'));
      const ping = await pingTraffic(t, lab, 'h2/a2', '10.42.200.7');
      await refused(t, lab.addContainer('h2', 'rival', far), /10\.42\.200\.7.* on h1/);
      t.same((await ping.stop()).lost, [], 'the first one never noticed');
      await lab.dropContainer('h1', 'far');
      t.equal((await lab.addContainer('h2', 'rival', far)).address, '10.42.200.7', 'it was given back');
      await until(30_000, 'the others know', () => lab.succeeds('h1/a1', 'ping', '-c1', '-W2', '10.42.200.7'));
    });

    await t.test('a container asks for an address of the other host’s block', async (t) => {
      const used = lab.addressOf('h1', 'a1');
      await refused(t, lab.addContainer('h2', 'thief', askFor(used)), /a1 on h1 has it/);
      const free = askFor(used.replace(/\d+$/, '77'));
      const guest = await lab.addContainer('h2', 'guest', free);
      await until(30_000, 'the block’s host keeps it', () => blockFile(lab, 'h1').includes(`"${guest.address}"`));
      await refused(t, lab.addContainer('h1', 'host', free), /kept for the container guest on h2/);
      t.ok(lab.succeeds('h1/a1', 'ping', '-c1', '-W5', guest.address!), 'from the block that it lies in');
    });

    await t.test('what both sides of a cut gave is told when it is mended, both are named', async (t) => {
      const both = askFor(lab.addressOf('h1', 'a1').replace(/\d+$/, '88'));
      await lab.fault('cut', 'h1');
      const claimed = await lab.addContainer('h2', 'claimed', both);
      const given = await lab.addContainer('h1', 'given', both);
      t.equal(given.address, claimed.address);
      await lab.fault('heal', 'h1');
      const told = await reported(t, lab, 'h1', 'ADDRESS_TAKEN');
      t.match(told, new RegExp(`${given.address} of corral belongs to container \\w+ on h2 .*used by given .*on h1`));
      await lab.dropContainer('h1', 'given');
      await until(30_000, 'it is settled', () => conflictOf(lab, 'h1', 'ADDRESS_TAKEN') === undefined);
      await until(30_000, 'the older claim is reached', () => {
        return lab.succeeds('h1/a1', 'ping', '-c1', '-W2', claimed.address!);
      });
    });

    await t.test('a host that has the address of another is refused, and both are named', async (t) => {
      const ping = await pingTraffic(t, lab, 'h1/a1', '198.51.100.1');
      const path = pathsBelow(lab.hosts[1]!.root).config;
      const config = readFileSync(path, 'utf8');
      writeFileSync(path, config.replace('192.168.50.12', '192.168.50.11'));
      await lab.fault('kill', 'h2', 'metadata');
      const told = await reported(t, lab, 'h2', 'HOST_CONFLICT');
      t.match(told, /h1 \(192\.168\.50\.11/);
      t.match(told, /h2 \(192\.168\.50\.11/);
      t.same((await ping.stop()).lost, []);
      writeFileSync(path, config);
      await lab.fault('kill', 'h2', 'metadata');
      await lab.well();
      t.equal(conflictOf(lab, 'h2', 'HOST_CONFLICT'), undefined);
      t.equal(conflictOf(lab, 'h1', 'HOST_CONFLICT'), undefined);
    });
  });

/** From now on until the host tells of it. */
async function reported(t: Test, lab: TestLab, host: string, code: string): Promise<string> {
  const begun = performance.now();
  const told = await until(reportMs, `${host} tells of it`, () => conflictOf(lab, host, code));
  t.comment(`${code} is told after ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
  return told;
}

function askFor(address: string): { labels: Record<string, string> } {
  return { labels: { 'io.rancher.container.ip': address } };
}

async function refused(t: Test, attempt: Promise<unknown>, text: RegExp): Promise<void> {
  const error = await attempt.then(
    () => undefined,
    (reason) => reason,
  );
  t.ok(hasCode(error, 'ADDRESS_TAKEN'), String(error));
  t.match((error as Error | undefined)?.message, text);
}

function blockFile(lab: TestLab, host: string): string {
  const { root } = lab.hosts.find(({ name }) => name === host)!;
  return readFileSync(`${pathsBelow(root).blocks}/corral.json`, 'utf8');
}

function conflictOf(lab: TestLab, host: string, wanted: string): string | undefined {
  const { daemons } = JSON.parse(lab.run(host, 'sh', '-c', `${corralCommand} status --json || true`)) as {
    daemons: { conditions: { code: string | null; ok: boolean; text: string }[] }[];
  };
  const found = daemons.flatMap(({ conditions }) => conditions).find(({ code, ok }) => !ok && code === wanted);
  return found?.text;
}
