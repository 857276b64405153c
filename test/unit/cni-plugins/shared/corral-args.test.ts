import t from 'tap';
import { attachmentOf, corralArgsOf } from '../../../../cni-plugins/shared/corral-args.ts';
import { cniCodeOf } from '../cni-code-of.ts';

t.test('what Corral says of an attachment is taken over', async (t) => {
  const corral = {
    name: 'web-1',
    externalId: 'abc',
    engine: 'docker',
    labels: { 'io.rancher.stack.name': 'web' },
    ports: ['8080:80', '0.0.0.0:53:53/udp'],
    hostname: 'web',
    containerUuid: 'u-1',
    requestedIp: '10.42.0.9',
    somethingNew: true,
  };
  t.same(attachmentOf('0123456789abcdef', {}, { args: { corral } }), {
    name: 'web-1',
    externalId: 'abc',
    engine: 'docker',
    labels: { 'io.rancher.stack.name': 'web' },
    ports: ['0.0.0.0:8080:80/tcp', '0.0.0.0:53:53/udp'],
    hostname: 'web',
    containerUuid: 'u-1',
  });
  t.equal(attachmentOf('0123456789abcdef', {}, { args: { corral: { externalId: null } } }).externalId, null);
});

t.test('another runtime: names from CNI_ARGS, ports from portMappings', async (t) => {
  const portMappings = [
    { hostPort: 8080, containerPort: 80, protocol: 'TCP' },
    { hostPort: 53, containerPort: 53, protocol: 'udp', hostIP: '192.0.2.10' },
    { hostPort: 9, containerPort: 9, hostIP: '::' },
    { hostPort: 8080, containerPort: 80 },
    { hostPort: 0, containerPort: 81 },
    { containerPort: 82, protocol: 'tcp' },
  ];
  const args = { K8S_POD_NAME: 'db', RancherContainerUUID: 'u-2' };
  const got = attachmentOf('0123456789abcdef', args, { runtimeConfig: { portMappings } });
  t.same(got, {
    name: 'db',
    externalId: '0123456789abcdef',
    engine: 'cni',
    labels: {},
    ports: ['0.0.0.0:8080:80/tcp', '192.0.2.10:53:53/udp'],
    hostname: null,
    containerUuid: 'u-2',
  });
  t.equal(attachmentOf('0123456789abcdef', {}, {}).name, '0123456789ab');
});

t.test('wrong types are refused with code 7', async (t) => {
  const wrong: unknown[] = [
    7,
    [],
    { name: 7 },
    { name: 'a\nb' },
    { engine: 'lxc' },
    { labels: [] },
    { labels: { a: 1 } },
    { ports: 'x' },
    { ports: ['x'] },
    { ports: ['0.0.0.0:80:80/tcp\n-A INPUT'] },
    { hostname: {} },
  ];
  for (const corral of wrong)
    t.equal(
      cniCodeOf(() => corralArgsOf({ args: { corral } })),
      7,
      JSON.stringify(corral),
    );
  for (const portMappings of [
    7,
    [7],
    [{ hostPort: 1 }],
    [{ hostPort: 65536, containerPort: 1 }],
    [{ hostPort: 1, containerPort: 0 }],
    [{ hostPort: '1 -j', containerPort: 1 }],
  ]) {
    t.equal(
      cniCodeOf(() => attachmentOf('c', {}, { runtimeConfig: { portMappings } })),
      7,
      JSON.stringify(portMappings),
    );
  }
});
