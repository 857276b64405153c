import { mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import t from 'tap';
import { fittingSocketPath } from '../../../../daemons/shared/effects/socket-path.ts';

t.test('a short path stays as it is', async (t) => {
  t.equal(fittingSocketPath('/run/corral/dns.sock'), '/run/corral/dns.sock');
});

t.test('a socket deep below a long root can be bound and reached', async (t) => {
  const directory = `${t.testdir()}/${'d'.repeat(80)}`;
  mkdirSync(directory);
  const path = `${directory}/network-manager.sock`;
  t.ok(Buffer.byteLength(path) > 107);
  const server = createServer((socket) => socket.end('hello'));
  await new Promise<void>((done) => server.listen(fittingSocketPath(path), done));
  const text = await new Promise<string>((done, failed) => {
    let read = '';
    connect(fittingSocketPath(path))
      .on('data', (chunk) => {
        read += chunk;
      })
      .on('end', () => done(read))
      .on('error', failed);
  });
  t.equal(text, 'hello');
  await new Promise((done) => server.close(done));
});
