// F1 and F22 across hosts: every daemon of a host killed again and again, and the whole suite started anew, while packets and
// connections go through its tunnel.
import t, { type Test } from 'tap';
import { makeTestLab, type TestLab } from '../cluster/support/lab.ts';
import { pingTraffic, type Talk, talkTraffic } from '../cluster/support/traffic.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';

/** Deaths of each daemon. */
const rounds = Number(process.env.FAULT_ROUNDS ?? 4);
/** Packets a second, both directions together. */
const packets = Number(process.env.FAULT_PACKETS ?? 500);
const connections = 50;

t.setTimeout(Math.max(280_000, rounds * 60_000));

interface Traffic {
  stop(): Promise<void>;
}

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('two hosts', async (t) => {
    const lab = await makeTestLab(t, { hosts: 2, containers: 1 });

    for (const daemon of ['metadata', 'dns', 'network-manager', 'overlay']) {
      await t.test(`F1: kill -9 of ${daemon}, ${rounds} times`, async (t) => {
        const traffic = await startTraffic(t, lab);
        for (let round = 0; round < rounds; round += 1) {
          const before = await until(30_000, `${daemon} is ready`, () => lab.pidOf('h1', daemon));
          await lab.fault('kill', 'h1', daemon);
          await until(30_000, `${daemon} is ready again`, async () => {
            const pid = await lab.pidOf('h1', daemon);
            return pid !== undefined && pid !== before;
          });
        }
        await traffic.stop();
      });
    }

    await t.test('F22: the whole suite is started anew', async (t) => {
      const traffic = await startTraffic(t, lab);
      await lab.fault('kill', 'h1');
      await lab.fault('resume', 'h1');
      const supervisor = lab.run('h1', 'sh', '-c', 'pgrep -f "cli/main[.][jt]s up$"').trim().split('\n')[0]!;
      lab.run('h1', 'kill', '-TERM', supervisor);
      await until(60_000, 'it has stopped in order', () => !lab.succeeds('h1', 'kill', '-0', supervisor));
      await lab.fault('resume', 'h1');
      await lab.well();
      await traffic.stop();
    });
  });

/** Packets in both directions and connections; its end asserts that nothing was lost and nothing broke. */
async function startTraffic(t: Test, lab: TestLab): Promise<Traffic> {
  const [first, second] = [lab.addressOf('h1', 'a1'), lab.addressOf('h2', 'a2')];
  const [out, back, talk]: [Awaited<ReturnType<typeof pingTraffic>>, Awaited<ReturnType<typeof pingTraffic>>, Talk] = [
    await pingTraffic(t, lab, 'h1/a1', second, 2_000 / packets),
    await pingTraffic(t, lab, 'h2/a2', first, 2_000 / packets),
    await talkTraffic(t, lab, 'h1/a1', { where: 'h2/a2', address: second }, connections),
  ];
  return {
    async stop() {
      for (const ping of [out, back]) {
        const { sent, lost } = await ping.stop();
        t.same(lost, [], `no packet of ${sent} is lost`);
      }
      const { broken, exchanged } = await talk.stop();
      t.equal(broken, 0, `none of ${connections} connections broke`);
      t.ok(exchanged > connections, `${exchanged} messages came back`);
    },
  };
}
