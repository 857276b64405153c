import t from 'tap';
import {
  type HostList,
  type NetworkList,
  renderHosts,
  renderNetworks,
  renderStore,
} from '../../../../daemons/supervisor/cli/render-cluster.ts';

const network = {
  kind: 'network',
  id: 'n',
  name: 'corral',
  subnet: '10.42.0.0/16',
  block: 24,
  driver: 'vxlan',
  vni: 1042,
  isDefault: true,
  mtu: null,
  hostPorts: true,
  bridge: 'corral0',
  owned: [{ cidr: '10.42.0.0/24', host: 'h1' }],
  attached: 3,
} as const;
const host = {
  kind: 'host',
  id: 'uuid-1',
  name: 'h1',
  hostname: 'h1',
  agentIp: '192.0.2.1',
  labels: {},
  memory: null,
  milliCpu: null,
  localStorageMb: null,
  alive: true,
  self: true,
  declared: false,
  goneMs: null,
  blocks: [{ network: 'corral', cidr: '10.42.0.0/24' }],
  containers: 2,
} as const;

t.test('networks', async (t) => {
  const list: NetworkList = {
    authority: 'store',
    networks: [
      network,
      { ...network, name: 'flat', subnet: '10.9.0.0/24', blocks: 'none', isDefault: false, owned: [], attached: 0 },
    ],
  };
  t.equal(
    renderNetworks(list),
    [
      'NETWORK  SUBNET        BLOCK  DRIVER      BLOCKS  CONTAINERS',
      'corral   10.42.0.0/16  /24    vxlan 1042  1       3           default',
      'flat     10.9.0.0/24   flat   vxlan 1042  0       0',
      '',
    ].join('\n'),
  );
});

t.test('hosts, those that are gone, and what is no longer fresh', async (t) => {
  const list: HostList = {
    clusterId: 'c',
    store: 'etcd',
    connected: false,
    hosts: [
      host,
      { ...host, name: 'h2', id: 'uuid-2', self: false, alive: false, goneMs: 90_000, blocks: [], containers: 0 },
      { ...host, name: 'db', id: 'uuid-3', self: false, declared: true, agentIp: null, blocks: [], containers: 0 },
    ],
  };
  t.equal(
    renderHosts(list),
    [
      'HOST  ADDRESS    STATE            BLOCKS        CONTAINERS  ID',
      'h1 *  192.0.2.1  alive            10.42.0.0/24  2           uuid-1',
      'h2    192.0.2.1  gone for 1m 30s  -             0           uuid-2',
      'db    -          declared         -             0           uuid-3',
      '',
      'etcd is not reached: this is what was known last',
      '',
    ].join('\n'),
  );
});

t.test('the store', async (t) => {
  const status = {
    kind: 'etcd',
    connected: false,
    clusterId: null,
    endpoints: ['http://192.0.2.1:2379'],
    waiting: 4,
    state: 'cut-off',
  } as const;
  t.match(
    renderStore(status),
    /store +etcd at http:\/\/192\.0\.2\.1:2379\nstate +not reached; .*\ncluster +-\nchanges waiting +4\n/,
  );
});
