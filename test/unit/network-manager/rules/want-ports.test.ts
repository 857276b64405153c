import { readFileSync } from 'node:fs';
import t from 'tap';
import { ruleFacts } from '../../../../daemons/network-manager/rules/rule-facts.ts';
import { wantRules } from '../../../../daemons/network-manager/rules/want-rules.ts';
import { parseIp } from '../../../../daemons/shared/model/ip.ts';
import type { ContainerObject } from '../../../../daemons/shared/model/objects.ts';
import type { Chain } from '../../../../daemons/shared/reconcile/iptables-plan.ts';
import { type TracedHost, traceNew } from '../../support/packet-tracer.ts';
import { matrix, verdictOf } from '../../support/port-matrix.ts';
import { block, container, network, snapshotOf } from '../../support/snapshots.ts';
import { tableOf } from '../ports/support.ts';

const objects = [network('corral', '10.42.0.0/16', { isDefault: true }), block('corral', '10.42.7.0/24')];
const service = { address: parseIp('169.254.169.250')!, metadataPort: 80 };

function chainsFor(...containers: ContainerObject[]): Chain[] {
  const ports = tableOf(containers).rules(4);
  return wantRules(ruleFacts({ snapshot: snapshotOf(objects), addresses: [], service, refused: new Set(), ports }));
}

const render = (chains: readonly Chain[]): string =>
  chains.map(({ table, chain, rules }) => `${table} ${chain}\n${rules.map((rule) => `  ${rule}\n`).join('')}`).join('');

t.test('ports on any and on one address, of three protocols', async (t) => {
  const example = container('a', '10.42.118.63', ['0.0.0.0:8080:80/tcp', '192.0.2.10:53:5353/udp']);
  const more = container('b', '10.42.7.9', [
    '0.0.0.0:8081:80/tcp',
    '0.0.0.0:53:53/udp',
    '0.0.0.0:8128:80/tcp',
    '127.0.0.1:8080:90/tcp',
    '0.0.0.0:3868:3868/sctp',
  ]);
  const ports = chainsFor(more, example).filter(({ table }) => table === 'nat');
  t.equal(render(ports), readFileSync(new URL('./want-ports.golden.txt', import.meta.url), 'utf8'));
  t.same(chainsFor(example, more), chainsFor(more, example), 'whatever the order in which they are told');
});

t.test('one more port rewrites one chain', async (t) => {
  const of = (...ports: string[]): Map<string, string> =>
    new Map(chainsFor(container('a', '10.42.7.9', ports)).map((one) => [one.chain, one.rules.join()]));
  const [before, after] = [of('0.0.0.0:8080:80/tcp'), of('0.0.0.0:8080:80/tcp', '0.0.0.0:8081:80/tcp')];
  t.same(
    [...after].filter(([name, body]) => before.get(name) !== body).map(([name]) => name),
    ['CATTLE_HOSTPORTS_TCP_8064'],
  );
});

t.test('names of chains are no longer than iptables allows', async (t) => {
  const chains = chainsFor(container('a', '10.42.7.9', ['0.0.0.0:65535:80/sctp', '0.0.0.0:1:80/tcp']));
  t.ok(chains.every(({ chain }) => chain.length <= 28));
  t.match(render(chains), '--dport 65472:65535 -j CATTLE_HOSTPORTS_SCTP_65472');
  t.match(render(chains), '--dport 0:63 -j CATTLE_HOSTPORTS_TCP_0');
});

const host: TracedHost = {
  addresses: ['192.0.2.1', '10.42.7.1', '169.254.169.250'],
  deviceTo: (address) => (address.startsWith('10.42.7.') ? 'corral0' : 'eth0'),
};

t.test('the packet matrix, cell by cell', async (t) => {
  for (const cell of matrix) {
    const chains = chainsFor(container(cell.when, cell.container, [cell.port]));
    const journey = traceNew(chains, host, {
      ...(cell.device === undefined ? {} : { in: cell.device }),
      src: cell.source,
      dst: cell.dst,
      proto: cell.protocol,
      dport: cell.dport,
    });
    t.equal(verdictOf(cell, journey), cell.sees, cell.name);
  }
});

t.test("a port on any address is not published on metadata's and DNS's", async (t) => {
  const chains = chainsFor(container('a', '10.42.7.9', ['0.0.0.0:80:8080/tcp']));
  const ask = { in: 'corral0', src: '10.42.7.10', dst: '169.254.169.250', proto: 'tcp', dport: 80 } as const;
  t.equal(traceNew(chains, host, ask).to, '169.254.169.250:80');
  t.equal(traceNew(chains, host, { ...ask, dst: '10.42.7.1' }).to, '10.42.7.9:8080');
});

t.test('what a port on any address leaves alone', async (t) => {
  const chains = chainsFor(container('a', '10.42.7.9', ['0.0.0.0:8080:80/tcp', '192.0.2.1:9090:90/tcp']));
  const from = { in: 'eth0', src: '198.51.100.9', proto: 'tcp' } as const;
  t.equal(traceNew(chains, host, { ...from, dst: '10.42.7.77', dport: 8080 }).to, '10.42.7.77:8080', 'a container');
  t.equal(traceNew(chains, host, { ...from, dst: '192.0.2.1', dport: 8081 }).to, '192.0.2.1:8081', 'another port');
  t.equal(
    traceNew(chains, host, { ...from, proto: 'udp', dst: '192.0.2.1', dport: 8080 }).to,
    '192.0.2.1:8080',
    'another protocol',
  );
  t.equal(traceNew(chains, host, { ...from, dst: '10.42.7.1', dport: 9090 }).to, '10.42.7.1:9090', 'another address');
  t.equal(
    traceNew(chains, host, { in: 'corral0', src: '10.42.7.10', dst: '127.0.0.1', proto: 'tcp', dport: 8080 }).verdict,
    'drop',
    "the host's 127.0.0.1, asked by a container",
  );
});

t.test('a port on one address wins there over the same port on any', async (t) => {
  const any = container('any', '10.42.7.9', ['0.0.0.0:8080:80/tcp'], { createdAt: 1 });
  const one = container('one', '10.42.7.10', ['192.0.2.1:8080:80/tcp'], { createdAt: 2 });
  const chains = chainsFor(any, one);
  const ask = { in: 'eth0', src: '198.51.100.9', proto: 'tcp', dport: 8080 } as const;
  t.equal(traceNew(chains, host, { ...ask, dst: '192.0.2.1' }).to, '10.42.7.10:80');
  t.equal(traceNew(chains, host, { ...ask, dst: '10.42.7.1' }).to, '10.42.7.9:80');
});
