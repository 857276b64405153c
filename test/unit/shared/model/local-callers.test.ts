import t from 'tap';
import { parseIp } from '../../../../daemons/shared/model/ip.ts';
import {
  callerRules,
  isHostItself,
  isLocalBridge,
  isLocalCaller,
  noCallers,
  sameRules,
} from '../../../../daemons/shared/model/local-callers.ts';

const ip = (text: string) => parseIp(text)!;
const host = [
  { device: 'lo', address: ip('127.0.0.1'), prefix: 8 },
  { device: 'lo', address: ip('169.254.169.250'), prefix: 32 },
  { device: 'eth0', address: ip('192.0.2.11'), prefix: 24 },
  { device: 'corral0', address: ip('10.42.3.1'), prefix: 24 },
  { device: 'docker0', address: ip('172.17.0.1'), prefix: 16 },
  { device: 'lo', address: ip('fd00:a9fe:a9fe::250'), prefix: 128 },
  { device: 'eth0', address: ip('2001:db8::11'), prefix: 64 },
  { device: 'corral0', address: ip('fd00:42:0:3::1'), prefix: 64 },
  { device: 'corral0', address: ip('fe80::1'), prefix: 64 },
];

t.test('only our bridges and Docker’s are local bridges', async (t) => {
  for (const name of ['corral0', 'corral-blue', 'docker0', 'br-0123456789ab']) t.ok(isLocalBridge(name), name);
  for (const name of ['br0', 'br-0123456789AB', 'br-0123456789abc', 'docker01', 'eth0', 'xcorral0', 'virbr0', '']) {
    t.notOk(isLocalBridge(name), name);
  }
});

t.test('who is answered', async (t) => {
  const rules = callerRules(host);
  const cases: readonly [string, boolean, boolean][] = [
    ['127.0.0.1', true, true],
    ['127.3.4.5', true, true],
    ['169.254.169.250', true, true],
    ['192.0.2.11', true, true],
    ['192.0.2.12', false, false],
    ['10.42.3.7', true, false],
    ['10.42.4.7', false, false],
    ['172.17.255.254', true, false],
    ['172.18.0.2', false, false],
    ['128.0.0.1', false, false],
    ['0.0.0.0', false, false],
    ['255.255.255.255', false, false],
    ['::1', true, true],
    ['fd00:a9fe:a9fe::250', true, true],
    ['2001:db8::11', true, true],
    ['2001:db8::12', false, false],
    ['fd00:42:0:3::7', true, false],
    ['fd00:42:0:4::7', false, false],
    ['fe80::7', false, false],
    ['::', false, false],
  ];
  for (const [source, local, own] of cases) {
    t.equal(isLocalCaller(rules, ip(source)), local, source);
    t.equal(isHostItself(rules, ip(source)), own, `${source} is the host`);
  }
  t.equal(isLocalCaller(noCallers, ip('10.42.3.7')), false);
});

t.test('equal devices give equal rules, whatever their order', async (t) => {
  t.ok(sameRules(callerRules(host), callerRules([...host].reverse().concat(host))));
  t.notOk(sameRules(callerRules(host), callerRules(host.slice(1))));
});

t.test('a /32 on a bridge admits nobody but itself', async (t) => {
  const rules = callerRules([{ device: 'corral0', address: ip('10.42.3.1'), prefix: 32 }]);
  t.same(rules.bridges, []);
  t.ok(isLocalCaller(rules, ip('10.42.3.1')));
});
