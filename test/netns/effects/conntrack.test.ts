import t from 'tap';
import { type Conntrack, NETLINK_NETFILTER, openConntrack } from '../../../daemons/shared/effects/netlink/conntrack.ts';
import { Transport } from '../../../daemons/shared/effects/netlink/transport.ts';
import { inNetns, openNetns } from '../../../daemons/shared/effects/netns.ts';
import { renderIp } from '../../../daemons/shared/model/ip.ts';
import { exec, isRoot, makeNamespace, type Namespace, type TestScope } from '../support/namespaces.ts';

if (!isRoot) t.plan(0, 'needs root');

interface Bed {
  readonly ns: Namespace;
  readonly conntrack: Conntrack;
  /** Flows that the kernel sent so far. */
  readonly received: () => number;
  talk(...ports: number[]): void;
}

function open(t: TestScope): Bed {
  const ns = makeNamespace(t, 'ct');
  const netns = openNetns(ns.path);
  const transport = inNetns(netns, () => new Transport({ protocol: NETLINK_NETFILTER }));
  netns.close();
  let received = 0;
  const conntrack = openConntrack({
    request: (...args) => transport.request(...args),
    async dump(...args) {
      const answers = await transport.dump(...args);
      received += answers.length;
      return answers;
    },
    close: () => transport.close(),
  });
  t.teardown(() => conntrack.close());
  // The table is kept only where a rule asks for it.
  const rules = '-A OUTPUT -p udp -m udp --dport 9000 -j DNAT --to-destination 127.0.0.2:9001';
  exec(ns, 'iptables-restore', [], `*nat\n${rules}\nCOMMIT\n`);
  const talk = (...ports: number[]): void => {
    exec(ns, 'bash', ['-c', `for port in ${ports.join(' ')}; do echo > /dev/udp/127.0.0.1/$port; done`]);
  };
  return { ns, conntrack, received: () => received, talk };
}

t.test('flows are listed as the kernel has them, and taken out one by one', async (t) => {
  const { ns, conntrack, talk } = open(t);
  t.same(await conntrack.listTranslated(), []);
  talk(9000, 9000, 9002, 9003);
  exec(ns, 'ping', ['-c1', '127.0.0.1']);
  const translated = await conntrack.listTranslated();
  t.equal(translated.length, 2);
  const [first] = translated;
  t.equal(first!.protocol, 'udp');
  t.equal(first!.original.dport, 9000);
  t.equal(`${renderIp(first!.reply.src)}:${first!.reply.sport}`, '127.0.0.2:9001');
  t.equal((await conntrack.listOf('udp')).length, 4);
  t.equal((await conntrack.listOf('udp', 9002)).length, 1);
  t.equal((await conntrack.listOf('tcp')).length, 0);
  t.ok(await conntrack.remove(first!));
  t.notOk(await conntrack.remove(first!), 'gone already');
  t.equal((await conntrack.listTranslated()).length, 1, 'the other one stays');
});

t.test('the kernel sorts out, so that a large table is not carried over', async (t) => {
  const { conntrack, received, talk } = open(t);
  const ports = Array.from({ length: 300 }, (_, at) => 20_000 + at);
  talk(9000, ...ports);
  t.equal((await conntrack.listOf('udp')).length, 301);
  const before = received();
  t.equal(before, 301);
  t.equal((await conntrack.listOf('udp', 20_001)).length, 1);
  t.equal((await conntrack.listTranslated()).length, 1);
  t.equal(received() - before, 2);
});
