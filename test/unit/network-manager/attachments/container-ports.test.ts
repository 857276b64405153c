import t from 'tap';
import { wantPorts } from '../../../../daemons/network-manager/attachments/container-ports.ts';

const bind = (port: string, hostPort: string, hostIp = '') => ({ port, hostPort, hostIp });

t.test('bindings and label, canonical and sorted', async (t) => {
  const made = wantPorts([bind('80/tcp', '8080'), bind('53/udp', '53', '192.0.2.10'), bind('80/tcp', '81', '::')], {
    'corral.ports': '9000:90, 53:5353/udp\n8080:80',
  });
  t.same(made, {
    ports: [
      '0.0.0.0:53:5353/udp',
      '0.0.0.0:8080:80/tcp',
      '0.0.0.0:9000:90/tcp',
      '192.0.2.10:53:53/udp',
      '[::]:81:80/tcp',
    ],
    skipped: [],
  });
});

t.test('one that cannot be read keeps no other from being published', async (t) => {
  const bad = [
    bind('80/tcp', ''),
    bind('80/tcp', '80', '::g'),
    bind('80/bogus', '80'),
    bind('80/tcp', '65536'),
    bind('0/tcp', '1'),
    bind('80/tcp', '80-90'),
  ];
  const made = wantPorts([...bad, bind('81/tcp', '81')], { 'corral.ports': 'a:b:c:d 80' });
  t.same(made.ports, ['0.0.0.0:81:81/tcp']);
  t.equal(made.skipped.length, 8);
});

t.test('no more than a record may hold', async (t) => {
  const many = Array.from({ length: 1100 }, (_, at) => bind(`${at + 1}/tcp`, String(at + 1)));
  const made = wantPorts(many, {});
  t.equal(made.ports.length, 1024);
  t.equal(made.skipped.length, 76);
});
