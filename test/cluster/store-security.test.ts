import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openConfigured } from '../../daemons/metadata/cluster/open-configured.ts';
import { parseConfig } from '../../daemons/shared/daemon/config.ts';
import { hasEtcd, startEtcd } from './store-etcd.ts';

if (!hasEtcd()) {
  t.plan(0, 'needs etcd');
  process.exit(0);
}

const address = `127.77.${1 + (process.pid % 250)}.7`;

/** An authority, a certificate of the member and one of a client, as files. */
function makeCertificates(t: Test): (name: string) => string {
  const home = t.testdir({ 'san.cnf': `subjectAltName=IP:${address}\n` });
  const at = (name: string): string => join(home, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: home, stdio: 'ignore' });
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=test',
  );
  for (const name of ['server', 'client']) {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    );
    const sign = [
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
    ];
    openssl(...sign, '-extfile', 'san.cnf', '-out', `${name}.pem`);
  }
  return at;
}

const storeOf = (fields: object) =>
  parseConfig(JSON.stringify({ store: { kind: 'etcd', ...fields } }), {}, 'a test').store;

async function canWrite(store: ReturnType<typeof storeOf>): Promise<string> {
  const link = await openConfigured(store.endpoints[0]!, store);
  try {
    const { done } = await link.transact([], [{ put: '/corral/v1/networks/x', value: '{}' }]);
    const lease = await link.grantLease(5);
    const kept = await link.keepAlive(lease);
    let pages = 0;
    for await (const _ of link.list('/corral/v1/')) pages += 1;
    return done && kept && pages === 1 ? 'yes' : 'in part';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    link.close();
  }
}

t.test('TLS: the member is checked, and a client’s certificate given', async (t) => {
  const at = makeCertificates(t);
  const etcd = await startEtcd(t, {
    address,
    scheme: 'https',
    flags: [
      '--cert-file',
      at('server.pem'),
      '--key-file',
      at('server.key'),
      '--client-cert-auth',
      '--trusted-ca-file',
      at('ca.pem'),
    ],
    ctlFlags: ['--cacert', at('ca.pem'), '--cert', at('client.pem'), '--key', at('client.key')],
  });
  const endpoints = [etcd.endpoint];
  const client = { cert: at('client.pem'), key: at('client.key') };
  t.equal(await canWrite(storeOf({ endpoints, tls: { ca: at('ca.pem'), ...client } })), 'yes');
  t.equal(
    await canWrite(storeOf({ endpoints, tls: { ca: at('ca.pem') } })),
    'STORE_UNAVAILABLE',
    'no certificate of the client',
  );
  t.equal(
    await canWrite(storeOf({ endpoints, tls: { ca: at('client.pem'), ...client } })),
    'STORE_UNAVAILABLE',
    'an unknown authority',
  );
});

t.test('user and password, with rights for the own prefix alone', async (t) => {
  const ctlFlags: string[] = [];
  const etcd = await startEtcd(t, { ctlFlags });
  for (const command of [
    'user add root:secret-root',
    'user grant-role root root',
    'role add host',
    'role grant-permission host --prefix=true readwrite /corral/v1/',
    'user add node:secret-node',
    'user grant-role node host',
    'auth enable',
  ])
    etcd.ctl(...command.split(' '));
  ctlFlags.push('--user', 'root:secret-root'); // so that the test itself may look on
  const home = t.testdir({ right: 'secret-node\n', wrong: 'secret-else\n' });
  const endpoints = [etcd.endpoint];
  const as = (file: string) => storeOf({ endpoints, user: 'node', passwordFile: join(home, file) });
  t.equal(await canWrite(as('right')), 'yes');
  t.equal(await canWrite(as('wrong')), 'STORE_UNAVAILABLE');
  t.equal(await canWrite(storeOf({ endpoints })), 'STORE_UNAVAILABLE', 'nobody');
  const link = await openConfigured(etcd.endpoint, as('right'));
  t.teardown(() => link.close());
  await t.rejects(link.transact([], [{ put: '/elsewhere', value: '1' }]), { code: 'STORE_UNAVAILABLE' });
  writeFileSync(join(home, 'wrong'), 'secret-node');
  t.equal(await canWrite(as('wrong')), 'yes', 'a new password needs no restart');
});
