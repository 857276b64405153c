// F6 and F17 across hosts: the tunnel's device and the underlay taken away and changed, and packets of every size through it.
import { createHash } from 'node:crypto';
import t from 'tap';
import { spaceOf } from '../../daemons/supervisor/lab/lab-file.ts';
import { switchName } from '../../daemons/supervisor/lab/plan-lab.ts';
import { wireHost } from '../../daemons/supervisor/lab/wire.ts';
import { makeTestLab, type TestLab } from '../cluster/support/lab.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';

t.setTimeout(280_000);

const device = 'vtep1042';
/** VXLAN over IPv4. */
const overhead = 50;

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('two hosts', async (t) => {
    // Without agentIp: each host takes the address by which it reaches the store.
    const lab = await makeTestLab(t, { hosts: 2, containers: 1, config: ({ name }) => ({ host: { name } }) });
    const second = lab.addressOf('h2', 'a2');
    const talks = (size = 56): boolean =>
      lab.succeeds('h1/a1', 'ping', '-n', '-c1', '-W1', '-M', 'do', '-s', String(size), second);

    await t.test('F6: the device is deleted', async (t) => {
      lab.run('h1', 'ip', 'link', 'delete', device);
      await heals(t, 'containers reach each other again', talks);
      t.match(lab.run('h1', 'bridge', 'fdb', 'show', 'dev', device), 'dst 192.168.50.12');
    });

    await t.test('F6: forwarding entry, neighbour and route are deleted', async (t) => {
      for (const line of [
        `bridge fdb del $(bridge fdb show dev ${device} | awk '/192.168.50.12/ { print $1 }') dev ${device} dst 192.168.50.12`,
        `ip neighbour delete $(ip -4 neighbour show dev ${device} nud permanent | awk '{ print $1 }') dev ${device}`,
        `ip route delete $(ip route show dev ${device} | awk '{ print $1 }')`,
      ]) {
        lab.run('h1', 'sh', '-c', line);
        await heals(t, line.slice(0, 20), talks);
      }
    });

    await t.test('F6: the underlay’s link is taken away and made again', async (t) => {
      lab.run('h2', 'ip', 'link', 'delete', 'eth0');
      t.notOk(talks());
      await wireHost(lab.hosts[1]!, spaceOf(lab.lab, 'h2'), spaceOf(lab.lab, switchName));
      await heals(t, 'containers reach each other again', talks);
    });

    await t.test('F6: the underlay’s address changes: the peers follow', async (t) => {
      lab.run('h2', 'ip', 'address', 'add', '192.168.50.112/24', 'dev', 'eth0');
      lab.run('h2', 'ip', 'address', 'delete', '192.168.50.12/24', 'dev', 'eth0');
      lab.run('h2', 'sh', '-c', 'ip address add 192.168.50.112/24 dev eth0 2>/dev/null || true');
      lab.run('h2', 'ip', 'route', 'replace', 'default', 'via', '192.168.50.1');
      await heals(t, 'h1 has the new address', () => {
        return lab.run('h1', 'bridge', 'fdb', 'show', 'dev', device).includes('dst 192.168.50.112');
      });
      await heals(t, 'containers reach each other again', talks);
      t.notMatch(lab.run('h1', 'bridge', 'fdb', 'show', 'dev', device), 'dst 192.168.50.12 ');
    });

    // The smallest comes last: containers remember the path's MTU for ten minutes.
    for (const mtu of [1_500, 9_000, 1_400]) {
      await t.test(`F17: an underlay of ${mtu} bytes`, async (t) => {
        for (const host of ['h1', 'h2']) {
          lab.run('switch', 'ip', 'link', 'set', host, 'mtu', String(mtu));
          lab.run(host, 'ip', 'link', 'set', 'eth0', 'mtu', String(mtu));
        }
        await until(60_000, 'the device has the room', () => {
          return ['h1', 'h2'].every((host) =>
            lab.run(host, 'ip', 'link', 'show', device).includes(`mtu ${mtu - overhead} `),
          );
        });
        const own = Number(/mtu (\d+)/.exec(lab.run('h1/a1', 'ip', 'link', 'show', 'eth0'))?.[1]);
        const most = Math.min(own, mtu - overhead);
        const fits = most - 28; // less the headers of IPv4 and ICMP
        await until(30_000, 'a packet as large as may be passes whole', () => talks(fits));
        t.notOk(talks(fits + 1), 'one byte more does not');
        const before = fragments(lab);
        const bytes = mtu === 1_500 ? 100_000_000 : 20_000_000;
        t.equal(await transfer(lab, bytes), wantedHash(bytes), `${bytes} bytes arrive as they were sent`);
        t.same(fragments(lab), before, 'nothing was fragmented on the underlay');
      });
    }
  });

async function heals(t: { comment(text: string): void }, what: string, look: () => boolean): Promise<void> {
  const began = performance.now();
  await until(60_000, what, look);
  t.comment(`${what}: after ${Math.round(performance.now() - began)} ms`);
}

/** Fragments that the hosts made or got. */
function fragments(lab: TestLab): string[] {
  return ['h1', 'h2'].map((host) => {
    const [names, values] = lab
      .run(host, 'cat', '/proc/net/snmp')
      .split('\n')
      .filter((line) => line.startsWith('Ip:'))
      .map((line) => line.split(' '));
    return ['ReasmReqds', 'FragCreates'].map((name) => `${name} ${values![names!.indexOf(name)]}`).join(', ');
  });
}

const block = Buffer.alloc(1 << 16, 'corral ');

function wantedHash(bytes: number): string {
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; left -= block.length) hash.update(block.subarray(0, Math.min(left, block.length)));
  return hash.digest('hex');
}

/** Sends from one container to the other over TCP; the hash of what arrived. */
async function transfer(lab: TestLab, bytes: number): Promise<string> {
  const send = `const b = Buffer.alloc(${block.length}, 'corral '); let left = ${bytes};
    require('node:net').createServer((s) => { const go = () => { while (left > 0) { const part = b.subarray(0, Math.min(left, b.length)); left -= part.length; if (!s.write(part)) return s.once('drain', go); } s.end(); }; go(); s.on('close', () => process.exit(0)); }).listen(7100, () => console.log('ready'));`;
  const receive = `const h = require('node:crypto').createHash('sha256');
    require('node:net').connect(7100, process.argv[1]).on('data', (d) => h.update(d)).on('end', () => console.log(h.digest('hex')));`;
  const teardowns: (() => void | Promise<void>)[] = [];
  const server = lab.start({ teardown: (work) => void teardowns.push(work) }, 'h1/a1', process.execPath, '-e', send);
  try {
    await until(20_000, 'the sender listens', () => server.said().includes('ready'));
    return lab.run('h2/a2', process.execPath, '-e', receive, lab.addressOf('h1', 'a1')).trim();
  } finally {
    for (const work of teardowns) await work();
  }
}
