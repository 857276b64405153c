// The two fixtures of the worked examples: an answers file (D1) and a metadata snapshot (M1).
import type { ContainerObject, SnapshotObject } from '../../../../../daemons/shared/model/objects.ts';
import { container, service } from '../objects.ts';

const addresses = (count: number): string[] => Array.from({ length: count }, (_, at) => `10.1.${at >> 8}.${at & 255}`);

export const longText = 'x'.repeat(300);

/** Client 127.0.0.1 has a section of its own, 127.0.0.5 has none. */
export const d1 = {
  default: {
    recurse: ['192.0.2.53'],
    search: ['rancher.internal'],
    authoritative: ['rancher.internal', 'other.auth.'],
    a: {
      'web.stack.rancher.internal.': { answer: ['10.42.0.1', '10.42.0.2', '10.42.0.3'] },
      'db.stack.rancher.internal.': { answer: ['10.42.0.4'], ttl: 42 },
      'rancher-metadata.rancher.internal.': { answer: ['169.254.169.250'] },
      'plain.': { answer: ['10.42.0.5'] },
      'empty.rancher.internal.': { answer: [] },
      'dup.rancher.internal.': { answer: ['10.42.0.7', '10.42.0.7'] },
      'Upper.rancher.internal.': { answer: ['10.42.0.8'] },
      'd.x.example.': { answer: ['10.42.0.10'] },
      'both.rancher.internal.': { answer: ['10.42.0.11'] },
      'bad.rancher.internal.': { answer: ['', '2001:db8::1', '10.42.0.12'] },
      'many.rancher.internal.': { answer: addresses(60) },
      'huge.rancher.internal.': { answer: addresses(5000) },
    },
    cname: {
      'alias.stack.rancher.internal.': { answer: 'web.stack.rancher.internal.' },
      'alias2.stack.rancher.internal.': { answer: 'alias.stack.rancher.internal.', ttl: 30 },
      'ext.stack.rancher.internal.': { answer: 'www.up.test.' },
      'extcn.stack.rancher.internal.': { answer: 'cn.up.test.' },
      'extnx.stack.rancher.internal.': { answer: 'nx.up.test.' },
      'nodot.rancher.internal.': { answer: 'web.stack.rancher.internal' },
      'self.rancher.internal.': { answer: 'self.rancher.internal.' },
      'loop1.rancher.internal.': { answer: 'loop2.rancher.internal.' },
      'loop2.rancher.internal.': { answer: 'loop1.rancher.internal.' },
      'both.rancher.internal.': { answer: 'nowhere.rancher.internal.' },
      'dangling.rancher.internal.': { answer: 'missing.rancher.internal.' },
    },
    ptr: {
      '10.42.0.1': { answer: 'web.stack.rancher.internal.' },
      '10.42.0.3': { answer: 'web3.stack.rancher.internal.', ttl: 7 },
    },
    txt: {
      'txt.rancher.internal.': { answer: ['one', 'two words'] },
      'longtxt.rancher.internal.': { answer: [longText] },
    },
  },
  '127.0.0.1': {
    search: ['stack.rancher.internal', 'X.example'],
    a: {
      'mylink.rancher.internal.': { answer: ['10.42.0.20'] },
      'db.stack.rancher.internal.': { answer: ['10.42.9.9'] },
    },
    cname: { 'extlink.rancher.internal.': { answer: 'www.up.test.' } },
    txt: { 'ctxt.rancher.internal.': { answer: ['client'] } },
  },
};

/** Client X is a container of the service Front, Y one without a stack. */
export const clientX = '10.42.1.5';
export const clientY = '10.42.1.22';

function replica(name: string, last: number, fields: Partial<ContainerObject> = {}): ContainerObject {
  return container(name, { ips: [`10.42.1.${last}`], ...fields });
}

export const m1: readonly SnapshotObject[] = [
  replica('Web-Front-1', 5, {
    dnsSearch: ['web.rancher.internal', 'front.web.rancher.internal', 'rancher.internal'],
    dns: ['169.254.169.250', '127.0.0.1', '192.0.2.99'],
    links: { MyDB: 'standalone', other: 'standalone' },
  }),
  replica('Web-Front-2', 6),
  container('Web-Front-Logger-1', { networkFrom: 'Web-Front-1' }),
  replica('Web-db-1', 9),
  replica('standalone', 20),
  replica('why', 22),
  replica('sick', 21, { health: 'unhealthy' }),
  ...['healthy', 'starting', 'unhealthy', 'initializing', 'unknown', 'stopped'].map((name, at) => {
    const state = name === 'starting' || name === 'stopped' ? name : 'running';
    const health = name === 'unhealthy' || name === 'initializing' ? name : name === 'unknown' ? null : 'healthy';
    return replica(`hc-${name}`, 31 + at, { state, health });
  }),
  replica('bad-1', 41, { health: 'unhealthy' }),
  replica('bad-2', 42, { health: 'initializing' }),
  replica('off-1', 43, { state: 'stopped' }),
  replica('off-2', 44, { state: 'stopped' }),
  replica('K1', 51),
  container('homeless'),
  service('Web/Front', {
    containerIds: ['Web-Front-1', 'Web-Front-2'],
    links: {
      'Web/db': 'MyDB',
      'Web/ext': 'Web/ext',
      'Web/extname': 'goto',
      'Web/vipsvc': 'myvip',
      'Web/gone': 'gone',
    },
  }),
  service('Web/Front/Logger', { containerIds: ['Web-Front-Logger-1'] }),
  service('Web/db', { containerIds: ['Web-db-1'] }),
  service('Web/ext', { serviceKind: 'externalService', externalIps: ['203.0.113.5', '203.0.113.6'] }),
  service('Web/extname', { serviceKind: 'externalService', hostname: 'www.up.test' }),
  service('Web/extboth', { serviceKind: 'externalService', hostname: 'www.up.test', externalIps: ['203.0.113.7'] }),
  service('Web/alias', {
    serviceKind: 'dnsService',
    links: { 'Web/db': '', 'web/EXT': '', 'Web/missing': '', odd: '' },
  }),
  service('Web/vipsvc', { vip: '169.254.64.8', containerIds: ['standalone'] }),
  service('Web/hc', {
    hasHealthCheck: true,
    containerIds: ['healthy', 'starting', 'unhealthy', 'initializing', 'unknown', 'stopped'].map(
      (name) => `hc-${name}`,
    ),
  }),
  service('Web/allbad', { containerIds: ['bad-1', 'bad-2'] }),
  service('Web/stopped', { containerIds: ['off-1', 'off-2'] }),
  service('Web/nobody'),
  service('Web/noaddress', { containerIds: ['homeless'] }),
  service('kns/kube', { serviceKind: 'kubernetesService', vip: '10.43.0.1', containerIds: ['K1'] }),
];
