// The kernel inside has what other machines may lack: each feature is used once, in a namespace of its own.
import t from 'tap';
import { connect, exec, makeNamespace } from '../../netns/support/namespaces.ts';

t.setTimeout(120_000);

t.test('devices of every tunnel can be made', async (t) => {
  const ns = makeNamespace(t, 'vm');
  for (const words of [
    ['wg0', 'type', 'wireguard'],
    ['vx0', 'type', 'vxlan', 'id', '7', 'dstport', '4789'],
    ['xfrm0', 'type', 'xfrm', 'dev', 'lo', 'if_id', '42'],
    ['dummy0', 'type', 'dummy'],
  ]) {
    exec(ns, 'ip', ['link', 'add', ...words]);
    exec(ns, 'ip', ['link', 'set', words[0]!, 'up']);
    t.match(exec(ns, 'ip', ['-d', 'link', 'show', words[0]!]), words[2]!);
  }
});

t.test('ESP carries packets between two namespaces, and nothing passes it by', async (t) => {
  const [one, two] = [makeNamespace(t, 'vm'), makeNamespace(t, 'vm')];
  connect({ ns: one, device: 'eth0', address: '10.9.0.1/24' }, { ns: two, device: 'eth0', address: '10.9.0.2/24' });
  const key = `0x${'5a'.repeat(20)}`;
  for (const ns of [one, two]) {
    for (const [src, dst, spi] of [
      ['10.9.0.1', '10.9.0.2', '0x1001'],
      ['10.9.0.2', '10.9.0.1', '0x1002'],
    ] as const) {
      const esp = ['src', src, 'dst', dst, 'proto', 'esp', 'spi', spi, 'mode', 'transport'];
      exec(ns, 'ip', ['xfrm', 'state', 'add', ...esp, 'aead', 'rfc4106(gcm(aes))', key, '128']);
      const direction = (ns === one) === (src === '10.9.0.1') ? 'out' : 'in';
      const template = ['tmpl', 'src', src, 'dst', dst, 'proto', 'esp', 'mode', 'transport'];
      exec(ns, 'ip', ['xfrm', 'policy', 'add', 'src', src, 'dst', dst, 'dir', direction, ...template]);
    }
  }
  exec(one, 'ping', ['-n', '-c1', '-W10', '10.9.0.2']);
  exec(two, 'ip', ['xfrm', 'state', 'flush']);
  t.throws(() => exec(one, 'ping', ['-n', '-c1', '-W1', '10.9.0.2']), 'without the key nobody answers');
});

t.test('netem delays', async (t) => {
  const ns = makeNamespace(t, 'vm');
  exec(ns, 'tc', ['qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '200ms']);
  const said = exec(ns, 'ping', ['-n', '-c1', '-W10', '127.0.0.1']);
  t.ok(Number(/time=([\d.]+)/.exec(said)?.[1]) >= 400, 'there and back');
});
