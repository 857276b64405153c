import t from 'tap';
import type { LabReport } from '../../../../daemons/supervisor/lab/observe-lab.ts';
import { isWell, renderLab } from '../../../../daemons/supervisor/lab/render-lab.ts';

const a1 = { name: 'a1', address: '10.42.0.2', address6: null, network: 'corral', publish: [] };
const tried1 = { host: 'h1', name: 'a1', address: '10.42.0.2', network: 'corral' };
const tried2 = { host: 'h2', name: 'a2', address: '10.42.1.2', network: 'corral' };

t.test('the tables', async (t) => {
  const tried = {
    containers: [tried1, tried2],
    pings: [
      [0.01, 1.25],
      [null, null],
    ],
    outside: [0.5, null],
    names: [
      [true, true],
      [false, false],
    ],
  };
  const host = {
    address: '192.168.50.11',
    isCut: false,
    daemons: [
      { name: 'dns', state: 'ready', ready: true, restarts: 0, pss: 30e6, conditions: [] },
      { name: 'supervisor', state: 'ready', ready: true, restarts: 0, pss: 20e6, conditions: [] },
    ],
    known: { hosts: 2, containers: 1 },
  } as const;
  const report: LabReport = {
    name: 'lab',
    driver: 'vxlan',
    store: { kind: 'etcd', state: 'up' },
    hosts: [
      {
        ...host,
        name: 'h1',
        state: 'ready',
        containers: [a1],
      },
      {
        ...host,
        name: 'h2',
        address: '192.168.50.12',
        state: 'absent',
        isCut: true,
        daemons: [],
        containers: [],
        known: null,
      },
    ],
    tried,
    tried6: null,
    lackIpv6: [],
  };
  t.equal(
    renderLab(report),
    [
      'lab lab: 2 hosts, driver vxlan, store etcd (up)',
      '',
      'HOST  ADDRESS        STATE            DAEMONS       MEMORY  KNOWS                 CONTAINERS',
      'h1    192.168.50.11  ready            1 of 1 ready  50 MB   2 hosts, 1 container  a1 10.42.0.2',
      'h2    192.168.50.12  absent, cut off  -             -       -                     -',
      '',
      'PING (ms)    a1    a2  outside',
      'a1 on h1   0.01  1.25     0.50',
      'a2 on h2      -     -        -',
      '',
      'names: 2 of 4 resolve (each container asks for each); missing in a2 on h2',
      '',
    ].join('\n'),
  );
  t.equal(isWell(report), false);
});

t.test('the tables of a lab with IPv6', async (t) => {
  const tried = {
    containers: [tried1, tried2],
    pings: [
      [0.01, 1.25],
      [1.25, 0.01],
    ],
    outside: [0.5, 0.5],
    names: [
      [true, true],
      [true, true],
    ],
  };
  const host = { address: '192.168.50.11', state: 'ready', isCut: false, daemons: [], known: null };
  const report: LabReport = {
    name: 'lab',
    driver: 'vxlan',
    store: { kind: 'etcd', state: 'up' },
    hosts: [
      { ...host, name: 'h1', containers: [{ ...a1, address6: 'fd51::2' }] },
      { ...host, name: 'h2', containers: [{ ...a1, name: 'a2', address: '10.42.1.2' }] },
    ],
    tried,
    tried6: {
      ...tried,
      containers: [
        { ...tried1, address: 'fd51::2' },
        { ...tried2, address: null },
      ],
      pings: [
        [0.02, null],
        [null, null],
      ],
      outside: [0.75, null],
      names: [
        [true, false],
        [true, false],
      ],
    },
    lackIpv6: ['h2/a2', 'h2/b2'],
  };
  t.equal(
    renderLab(report),
    [
      'lab lab: 2 hosts, driver vxlan, store etcd (up)',
      '',
      'HOST  ADDRESS        STATE  DAEMONS  MEMORY  KNOWS  CONTAINERS',
      'h1    192.168.50.11  ready  -        -       -      a1 10.42.0.2 fd51::2',
      'h2    192.168.50.11  ready  -        -       -      a2 10.42.1.2',
      '',
      'PING IPv4 (ms)    a1    a2  outside',
      'a1 on h1        0.01  1.25     0.50',
      'a2 on h2        1.25  0.01     0.50',
      '',
      'names: 4 of 4 resolve to IPv4 (each container asks for each)',
      '',
      'PING IPv6 (ms)    a1  a2  outside',
      'a1 on h1        0.02   -     0.75',
      'a2 on h2           -   -        -',
      '',
      'names: 2 of 4 resolve to IPv6 (each container asks for each); missing in a1 on h1, a2 on h2',
      '',
      'no IPv6 address, though their networks have IPv6: h2/a2, h2/b2',
      '',
    ].join('\n'),
  );
  const whole = { ...report, tried6: tried, lackIpv6: [] };
  t.equal(isWell(whole), true);
  t.equal(isWell({ ...whole, tried6: report.tried6 }), false, 'what IPv6 does not reach counts');
  t.equal(isWell({ ...whole, lackIpv6: ['h2/b2'] }), false, 'so does a container that is not tried');
});
