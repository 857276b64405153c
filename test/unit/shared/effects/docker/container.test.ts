import t from 'tap';
import {
  isContainerName,
  parseContainer,
  parseEvent,
  parseListed,
} from '../../../../../daemons/shared/effects/docker/container.ts';

const id = 'c'.repeat(64);

t.test('an inspect answer', async (t) => {
  const answer = {
    Id: id,
    Created: '2030-01-02T03:04:05.678901234Z',
    Name: '/web',
    RestartCount: 2,
    ResolvConfPath: '/d/resolv.conf',
    HostsPath: '/d/hosts',
    State: { Running: true, Pid: 42, StartedAt: '2030-01-02T03:04:06Z', Health: { Status: 'starting' } },
    Config: { Hostname: 'h', Domainname: 'corp', Labels: { a: 'b', bad: 7 } },
    HostConfig: {
      NetworkMode: 'none',
      Dns: ['1.1.1.1'],
      DnsSearch: ['corp'],
      Links: ['/shop-db:/web/db', 'cache:mem', 'plain', ':x', 7],
      PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }, { HostPort: '8081' }], '53/udp': null },
    },
  };
  t.same(parseContainer(answer), {
    id,
    name: 'web',
    running: true,
    pid: 42,
    startedAt: '2030-01-02T03:04:06Z',
    createdAt: Date.UTC(2030, 0, 2, 3, 4, 5, 678),
    restarts: 2,
    health: 'starting',
    labels: { a: 'b' },
    hostname: 'h',
    domainname: 'corp',
    networkMode: 'none',
    ports: [
      { port: '80/tcp', hostIp: '', hostPort: '8080' },
      { port: '80/tcp', hostIp: '', hostPort: '8081' },
    ],
    dns: ['1.1.1.1'],
    dnsSearch: ['corp'],
    links: { db: 'shop-db', mem: 'cache', plain: 'plain' },
    resolvConfPath: '/d/resolv.conf',
    hostsPath: '/d/hosts',
  });
});

t.test('answers of any shape', async (t) => {
  for (const value of [null, 7, 'x', [], {}, { Id: 7 }, { Id: '../x' }]) t.equal(parseContainer(value), undefined);
  const bare = parseContainer({ Id: id, State: null, Config: [], HostConfig: 'x', Created: 'never' });
  t.match(bare, { running: false, pid: 0, createdAt: 0, labels: {}, ports: [], health: null, networkMode: '' });
  t.match(parseContainer({ Id: id, State: { Running: true, Pid: -1, Health: { Status: 'none' } } }), {
    pid: 0,
    health: null,
  });
  t.match(parseContainer({ Id: id, State: { Healthcheck: { Status: '' } }, Created: 1_900_000_000 }), {
    health: null,
    createdAt: 1_900_000_000_000,
  });
  t.same(parseListed({ Id: id, Labels: null }), { id, labels: {}, networkMode: '' });
  t.equal(parseListed({}), undefined);
});

t.test('events', async (t) => {
  const actor = { ID: id, Attributes: {} };
  t.same(parseEvent({ Type: 'container', Action: 'start', Actor: actor, timeNano: Number('1700000000123456789') }), {
    containerId: id,
    action: 'start',
    at: '1700000000.123455763',
  });
  t.match(parseEvent({ Type: 'network', Action: 'connect', Actor: { ID: 'n', Attributes: { container: id } } }), {
    containerId: id,
  });
  t.match(parseEvent({ Type: 'container', Action: 'die', Actor: actor, time: 5 }), { at: '5' });
  t.match(parseEvent({ Type: 'container', Action: 'die', Actor: actor }), { at: undefined });
  for (const value of [
    null,
    {},
    { Type: 'image', Actor: actor },
    { Type: 'container', Actor: { ID: 'a/b' } },
    { Type: 'network', Actor: actor },
  ]) {
    t.equal(parseEvent(value), undefined);
  }
});

t.test('names that may stand in a path', async (t) => {
  for (const name of ['web', 'a_b.c-d', id]) t.equal(isContainerName(name), true, name);
  for (const name of ['', '.', '../x', 'a/b', 'a?b', 'a b', '-a', 'x'.repeat(256), 'a\n'])
    t.equal(isContainerName(name), false, name);
});
