import t from 'tap';
import { type Container, config, Lab, skipReason } from './lab.ts';

async function twoContainers(lab: Lab, conf: object = config): Promise<[Container, Container]> {
  const pair: [Container, Container] = [lab.container(), lab.container()];
  for (const container of pair) await lab.cni('ADD', container, { config: conf });
  return pair;
}

t.test('containers reach each other, the bridge, and are reached from the host', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [one, two] = await twoContainers(lab);
  t.ok(lab.pings(one, '10.42.7.3'));
  t.ok(lab.pings(two, '10.42.7.2'));
  t.ok(lab.pings(one, '10.42.7.1'));
  t.ok(lab.pings('host', '10.42.7.2'));
});

t.test('a forged MAC gets nothing', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [one, two] = await twoContainers(lab);
  t.ok(lab.pings(one, '10.42.7.3'), 'the honest way works');
  lab.ip(one, 'link', 'set', 'eth0', 'address', '02:11:22:33:44:55');
  t.notOk(lab.pings(one, '10.42.7.3'));
  t.notOk(lab.pings(one, '10.42.7.1'));
  lab.ip(one, 'link', 'set', 'eth0', 'address', '0a:58:0a:2a:07:03');
  t.notOk(lab.pings(one, '10.42.7.1'), 'nor the neighbour’s MAC');
  t.ok(lab.pings(two, '10.42.7.1'), 'and the neighbour keeps its own');
});

t.test('a forged address gets nothing from the host', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [one, two] = await twoContainers(lab);
  lab.ip(one, 'addr', 'add', '10.42.7.3/24', 'dev', 'eth0');
  t.notOk(lab.pings(one, '10.42.7.1', '-I', '10.42.7.3'), 'the answer goes to the owner');
  t.ok(lab.pings(two, '10.42.7.1'));
  t.ok(lab.pings(one, '10.42.7.1', '-I', '10.42.7.2'), 'its own address still works');
});

t.test('macspoofchk: false opens the port', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [one] = await twoContainers(lab, { ...config, macspoofchk: false });
  t.notMatch(lab.ip('host', '-d', 'link', 'show', `vethr${one.id.slice(0, 10)}`), /locked on/);
  lab.ip(one, 'link', 'set', 'eth0', 'address', '02:11:22:33:44:55');
  t.ok(lab.pings(one, '10.42.7.1'));
});
