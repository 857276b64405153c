import t from 'tap';
import { parseConfig } from '../../../../daemons/shared/daemon/config.ts';
import { renderError } from '../../../../daemons/shared/model/errors.ts';
import { hostConfig, hostsFile } from '../../../../daemons/supervisor/lab/lab-config.ts';
import { findHost, hostsOf, planLab, readLabOptions } from '../../../../daemons/supervisor/lab/plan-lab.ts';

const none = {
  name: undefined,
  hosts: undefined,
  driver: undefined,
  store: undefined,
  containers: undefined,
  ipv6: false,
};

function complaint(work: () => unknown): string {
  try {
    work();
    return 'nothing was thrown';
  } catch (error) {
    return renderError(error);
  }
}

t.test('three hosts on etcd are the default, one host has its own store', async (t) => {
  t.same(readLabOptions(none), { name: 'lab', hosts: 3, driver: 'vxlan', store: 'etcd', containers: 2, ipv6: false });
  t.equal(readLabOptions({ ...none, hosts: '1' }).store, 'sqlite');
  t.equal(readLabOptions({ ...none, hosts: '4', store: 'sqlite' }).store, 'sqlite');
});

t.test('what no lab can be made of is refused', async (t) => {
  t.match(
    complaint(() => readLabOptions({ ...none, hosts: 'x' })),
    'USAGE: use "x" as --hosts',
  );
  t.match(
    complaint(() => readLabOptions({ ...none, store: 'mysql' })),
    'Possible: sqlite, etcd',
  );
  t.match(
    complaint(() => readLabOptions({ ...none, driver: 'gre' })),
    'USAGE: use "gre" as --driver',
  );
  for (const hosts of ['0', '101'])
    t.match(
      complaint(() => planLab(readLabOptions({ ...none, hosts }))),
      /1 to 100/,
    );
  t.match(
    complaint(() => planLab(readLabOptions({ ...none, containers: '27' }))),
    /0 to 26/,
  );
  for (const name of ['', '../x', 'A', 'a'.repeat(21)])
    t.match(
      complaint(() => planLab(readLabOptions({ ...none, name }))),
      'USAGE: call a lab',
    );
});

t.test('a host’s names and addresses follow from its number', async (t) => {
  const plan = planLab(readLabOptions({ ...none, hosts: '20', name: 'big' }));
  t.same(hostsOf(plan)[19], {
    name: 'h20',
    root: '/run/corral-lab/big/h20',
    address: '192.168.50.30',
    address6: 'fd50::30',
    containers: ['a20', 'b20'],
  });
  t.equal(findHost(plan, 'h7').address, '192.168.50.17');
  t.match(
    complaint(() => findHost(plan, 'h21')),
    'TARGET_UNKNOWN: find the host h21 in the lab big. It has h1 to h20',
  );
  t.match(hostsFile(plan), '192.168.50.30 h20\n');
});

t.test('a host’s configuration is one that the daemons accept', async (t) => {
  const plan = planLab(readLabOptions(none));
  const config = parseConfig(hostConfig(plan, hostsOf(plan)[1]!, { log: { level: 'debug' } }), {}, 'corral.yaml');
  t.match(config, {
    host: { name: 'h2', agentIp: '192.168.50.12' },
    store: { kind: 'etcd', endpoints: ['http://192.168.50.1:2379'] },
    engines: [],
    networks: [{ name: 'corral', driver: 'vxlan', default: true }],
    log: { level: 'debug' },
  });
  t.notOk('subnet6' in config.networks[0]!);
  const dual = planLab(readLabOptions({ ...none, ipv6: true }));
  t.equal(parseConfig(hostConfig(dual, hostsOf(dual)[0]!), {}, 'corral.yaml').networks[0]!.subnet6, 'fd51::/48');
  const single = planLab(readLabOptions({ ...none, hosts: '1' }));
  t.equal(parseConfig(hostConfig(single, hostsOf(single)[0]!), {}, 'corral.yaml').store.kind, 'sqlite');
});
