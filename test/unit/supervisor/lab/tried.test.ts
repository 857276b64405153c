import t from 'tap';
import type { LabReport } from '../../../../daemons/supervisor/lab/observe-lab.ts';
import { isWell, renderLab } from '../../../../daemons/supervisor/lab/render-lab.ts';
import { allReached, chooseTried, parseTried } from '../../../../daemons/supervisor/lab/tried.ts';

const container = (name: string, address: string | null, network = 'corral') => ({ name, address, network });
const two = [
  { name: 'h1', containers: [container('a1', '10.42.0.2')] },
  { name: 'h2', containers: [container('a2', '10.42.1.2'), container('later', null)] },
];
const well = (self: string, other: string): string =>
  [
    'ping 198.51.100.1 time=0.5',
    `ping ${self} time=0.01`,
    `ping ${other} time=1.25`,
    `name a1 10.42.0.2 STREAM a1.rancher.internal`,
    'name a2 10.42.1.2 STREAM a2.rancher.internal',
    '',
  ].join('\n');

t.test('a small lab is tried whole, of a large one a container a host', async (t) => {
  t.same(
    chooseTried(two).map(({ host, name }) => `${host}/${name}`),
    ['h1/a1', 'h2/a2'],
  );
  const large = Array.from({ length: 7 }, (_, at) => ({
    name: `h${at}`,
    containers: [container(`a${at}`, `10.42.${at}.2`), container(`b${at}`, `10.42.${at}.3`)],
  }));
  t.equal(chooseTried(large).length, 7);
  t.equal(chooseTried(large.slice(0, 6)).length, 12);
});

t.test('what the containers printed becomes a matrix', async (t) => {
  const chosen = chooseTried(two);
  const all = parseTried(
    chosen,
    new Map([
      ['a1', well('10.42.0.2', '10.42.1.2')],
      ['a2', well('10.42.1.2', '10.42.0.2')],
    ]),
  );
  t.same(all.pings, [
    [0.01, 1.25],
    [1.25, 0.01],
  ]);
  t.same(all.outside, [0.5, 0.5]);
  t.equal(allReached(all, true), true);
  const broken = parseTried(
    chosen,
    new Map([
      [
        'a1',
        'ping 10.42.0.2 time=0.1\nping 10.42.1.2 \nname a1 10.42.0.2\nname a2 10.42.0.9\nping 198.51.100.1 time=1',
      ],
    ]),
  );
  t.same(broken.pings, [
    [0.1, null],
    [null, null],
  ]);
  t.same(broken.names, [
    [true, false],
    [false, false],
  ]);
  t.same(broken.outside, [1, null]);
  t.equal(allReached(broken, true), false);
});

t.test('hosts that nothing joins are judged each by itself', async (t) => {
  const chosen = chooseTried(two);
  const own = (address: string, name: string): string =>
    `ping ${address} time=0.1\nname ${name} ${address}\nping 198.51.100.1 time=1`;
  const tried = parseTried(
    chosen,
    new Map([
      ['a1', own('10.42.0.2', 'a1')],
      ['a2', own('10.42.1.2', 'a2')],
    ]),
  );
  t.equal(allReached(tried, false), true);
  t.equal(allReached(tried, true), false);
});

t.test('containers of two networks need not reach each other', async (t) => {
  const chosen = chooseTried([
    { name: 'h1', containers: [container('a1', '10.42.0.2'), container('x1', '10.77.0.2', 'back')] },
  ]);
  const row = (own: string): string =>
    `ping ${own} time=1\nping 198.51.100.1 time=1\nname a1 10.42.0.2\nname x1 10.77.0.2`;
  const said = new Map([
    ['a1', row('10.42.0.2')],
    ['x1', row('10.77.0.2')],
  ]);
  t.equal(allReached(parseTried(chosen, said), true), true);
  said.set('x1', row('10.42.0.2'));
  t.equal(allReached(parseTried(chosen, said), true), false);
});

t.test('the tables', async (t) => {
  const chosen = chooseTried(two);
  const tried = parseTried(chosen, new Map([['a1', well('10.42.0.2', '10.42.1.2')]]));
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
        containers: [{ ...two[0]!.containers[0]!, publish: [] }],
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
