import { execFileSync } from 'node:child_process';
import t from 'tap';
import {
  isSecretName,
  redactLines,
  redactText,
  redactValue,
  secretWords,
} from '../../../../daemons/supervisor/bundle/redact.ts';
import { writeTar } from '../../../../daemons/supervisor/bundle/tar.ts';

t.test('names that mean a secret', async (t) => {
  const secret = [
    'password',
    'DB_PASSWORD',
    'io.rancher.secret',
    'token',
    'psk',
    'privateKey',
    'tls.key',
    'signing_key',
    'API_KEY',
    'apikey',
    'auth',
    'cookie',
  ];
  for (const name of secret) t.ok(isSecretName(name), name);
  for (const name of ['monkey', 'name', 'keys_total', 'author', 'network', 'address'])
    t.notOk(isSecretName(name), name);
});

t.test('texts', async (t) => {
  const hidden = 'S3cr3tW0rd';
  const key = 'qGh0cGFzc3dvcmQxMjM0NTY3ODkwYWJjZGVmZ2hpams=';
  const texts = [
    `password=${hidden} rest`,
    `Password: ${hidden}`,
    `{"psk":"${hidden}"}`,
    `MYSQL_ROOT_PASSWORD='${hidden}'`,
    `mysql --password ${hidden} -u root`,
    `-m comment --comment "token=${hidden}"`,
    `Authorization: Bearer ${hidden}`,
    `bearer ${hidden}`,
    `http://root:${hidden}@192.0.2.1:2379`,
    `-----BEGIN EC PRIVATE KEY-----\n${hidden}\n-----END EC PRIVATE KEY-----\n`,
    `-----BEGIN PRIVATE KEY-----\n${hidden}\ncut`,
    `private-key: ${hidden}`,
  ];
  for (const text of texts) t.notMatch(redactText(text), new RegExp(hidden), text);
  t.notMatch(redactText(`peer ${key}`), key);
  t.notMatch(redactText(`aead rfc4106(gcm(aes)) 0x${'ab12'.repeat(10)} 128`), 'ab12');
  t.equal(redactText(`x ${hidden} y`, [hidden]), 'x [removed] y');
  const plain = '-A CATTLE_FORWARD -s 10.42.0.0/16 -m comment --comment "corral:0123456789abcdef" -j ACCEPT';
  t.equal(redactText(plain), plain, 'rules stay as they are');
});

t.test('data', async (t) => {
  t.same(
    redactValue({
      token: 'x',
      labels: { 'app.password': 'y', role: 'db' },
      psk: null,
      list: ['PGPASSWORD=z', 'A=b'],
      tls: { key: '/k', ca: '/c' },
      passwordFile: 'none',
    }),
    {
      token: '[removed]',
      labels: { 'app.password': '[removed]', role: 'db' },
      psk: null,
      list: ['PGPASSWORD=[removed]', 'A=b'],
      tls: { key: '[removed]', ca: '/c' },
      passwordFile: 'none',
    },
  );
  t.equal(
    redactLines('{"msg":"x","token":"y"}\nplain token=z\n{cut password=w'),
    '{"msg":"x","token":"[removed]"}\nplain token=[removed]\n{cut password=[removed]',
  );
  t.same(
    secretWords({ a: { token: 'longer-one' }, passwordFile: '/p', name: 'whatever', auth: 'corral' }, [
      'from-file\n\n',
      'abc\n-----BEGIN X-----\nlonger-one-still\n',
    ]),
    ['longer-one-still', 'longer-one', 'from-file'],
  );
});

t.test('files of JSON that hold keys', async (t) => {
  const file = JSON.stringify({
    host: 'visible-name',
    pairs: [{ privateKey: 'c2VjcmV0LWtleQ==', publicKey: 'cHVibGlj' }],
  });
  const pkcs8 = 'MC4CAQAwBQYDK2VwBCIEIJ1hGmU3bm90IGEgcmVhbCBrZXkgYXQgYWxsIQ==';
  const words = secretWords({}, [file, '1234567890', JSON.stringify({ serial: 1, identity: pkcs8 })]);
  t.ok(words.includes('1234567890'), 'a password of digits');
  t.ok(words.includes(pkcs8));
  t.ok(words.includes('c2VjcmV0LWtleQ=='));
  t.notOk(words.includes('visible-name'));
});

t.test('the archive is one that tar reads', async (t) => {
  const bytes = writeTar(
    [
      { path: 'd/a.txt', text: 'one\n' },
      { path: 'd/empty', text: '' },
      { path: 'd/b', text: 'ü'.repeat(600) },
    ],
    1_000,
  );
  t.equal(execFileSync('tar', ['-tf', '-'], { input: bytes, encoding: 'utf8' }), 'd/a.txt\nd/empty\nd/b\n');
  t.equal(execFileSync('tar', ['-xOf', '-', 'd/b'], { input: bytes, encoding: 'utf8' }), 'ü'.repeat(600));
  t.throws(() => writeTar([{ path: 'x'.repeat(101), text: '' }], 0));
});
