import { rmSync, symlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { renderVersionReply } from '../../../../cni-plugins/shared/versions.ts';
import { greeting, RequestReader, renderReply } from '../../../../daemons/network-manager/cni-host/protocol.ts';
import { Bed } from './bed.ts';

/** Greets, and answers a whole request with its own parts. */
function echo(socket: Socket): void {
  const reader = new RequestReader();
  socket.write(greeting);
  socket.on('data', (chunk: Buffer) => {
    const request = reader.push(chunk);
    if (!request) return;
    const { env, stdin, program } = request;
    const stdout = JSON.stringify({ env, program, length: stdin.length, end: stdin.slice(-20) });
    socket.end(renderReply({ exitCode: 1, stdout, stderr: '' }));
  });
}

/** Greets, waits for the request, then says this and closes. */
function answering(...parts: (string | Buffer)[]): (socket: Socket) => void {
  return (socket) => {
    socket.write(greeting);
    socket.once('data', () => {
      for (const part of parts) socket.write(part);
      socket.end();
    });
  };
}

t.test('the daemon gets environment, stdin and name; its reply and code are passed on', async (t) => {
  const bed = new Bed(t);
  await bed.serve(t, echo);
  const env = { CNI_COMMAND: 'ADD', CNI_ARGS: 'A="\n=ä', SECRET: 'x' };
  const stdin = `${'{ä"\\'.repeat(100_000)}the end`;
  const { code, stdout } = await bed.run(env, stdin);
  t.equal(code, 1);
  const expected = { env: { CNI_COMMAND: 'ADD', CNI_ARGS: 'A="\n=ä' }, program: 'corral-bridge' };
  t.same(JSON.parse(stdout), { ...expected, length: stdin.length, end: stdin.slice(-20) });
});

t.test('an empty stdin', async (t) => {
  const bed = new Bed(t);
  await bed.serve(t, echo);
  t.match(JSON.parse((await bed.run({}, '')).stdout), { length: 0 });
});

t.test('VERSION is answered here', async (t) => {
  const bed = new Bed(t);
  t.match(await bed.run({ CNI_COMMAND: 'VERSION' }), { code: 0, stdout: renderVersionReply() });
});

t.test('nobody greets: the standalone form, with the whole stdin and no trace of a request', async (t) => {
  const alone = 'standalone corral-bridge root=[ROOT] since=[] options=[] stdin=[{"a":1}]\n';
  const cases: [string, ((socket: Socket) => void) | undefined][] = [
    ['no socket', undefined],
    ['closes at once', (socket) => socket.destroy()],
    ['another protocol', (socket) => socket.write('corral-cni 2\n')],
    ['half a greeting', (socket) => socket.write('corral')],
    ['garbage without end', (socket) => socket.write(Buffer.alloc(1 << 20, 0x41))],
    ['silence', () => undefined],
  ];
  for (const [what, work] of cases) {
    const bed = new Bed(t);
    if (work) await bed.serve(t, work);
    const env = { NODE_OPTIONS: '--inspect', CORRAL_CNI_SINCE: '1' };
    const { stdout, code } = await bed.run(env, '{"a":1}');
    t.match({ code, stdout: stdout.replace(bed.root, 'ROOT') }, { code: 0, stdout: alone }, what);
  }
});

t.test('a daemon that is only busy is waited for; one that is stopped is not', async (t) => {
  const bed = new Bed(t);
  await bed.serve(t, (socket) => void setTimeout(() => echo(socket), 800));
  t.match(JSON.parse((await bed.run()).stdout), { program: 'corral-bridge' });
  const other = new Bed(t);
  const stopped = await other.serveFromProcess(t);
  process.kill(stopped, 'SIGSTOP');
  const { stdout, ms } = await other.run();
  t.match(stdout, /^standalone /);
  t.ok(ms < 2_000, `after ${Math.round(ms)} ms, not after the wait for a busy one`);
});

t.test('the daemon dies with the request: the standalone form gets stdin again, and knows since when', async (t) => {
  const whole = renderReply({ exitCode: 0, stdout: 'out', stderr: 'err' });
  const cases: [string, (socket: Socket) => void][] = [
    ['no reply', answering()],
    ['half a reply', answering(whole.slice(0, -1))],
    ['half a first line', answering('reply 0 3')],
    ['more than it says', answering(`${whole}x`)],
    ['lengths that overflow', answering('reply 0 4294967295 4294967299\nabc')],
    ['negative lengths', answering('reply 0 -1 4\nabc')],
    ['lengths beyond the buffer', answering('reply 0 9999999 9999999\nabc')],
    ['bytes of zero', answering(Buffer.alloc(100))],
    ['more than the buffer', answering(Buffer.alloc(9 << 20, 0x41))],
    ['dies while it is told', (socket) => socket.write(greeting, () => socket.destroy())],
  ];
  for (const [what, work] of cases) {
    const bed = new Bed(t);
    await bed.serve(t, work);
    const begun = Date.now();
    const { stdout, code } = await bed.run({ CNI_COMMAND: 'ADD' }, `${' '.repeat(900_000)}{"a":1}`);
    t.equal(code, 0, what);
    const since = Number(/^standalone corral-bridge .* since=\[(\d+)\] .*\{"a":1\}\]\n$/.exec(stdout)?.[1]);
    t.ok(since >= begun - 1 && since <= Date.now(), `${what}: ${stdout.slice(0, 80)}`);
  }
});

t.test('a reply in single bytes, and one of several megabytes', async (t) => {
  const small = renderReply({ exitCode: 0, stdout: 'ä\0b', stderr: '' });
  const bed = new Bed(t);
  await bed.serve(t, answering(...[...Buffer.from(small)].map((byte) => Buffer.of(byte))));
  t.match(await bed.run(), { code: 0, stdout: 'ä\0b' });
  const large = new Bed(t);
  await large.serve(t, answering(renderReply({ exitCode: 0, stdout: 'x'.repeat(4 << 20), stderr: '' })));
  t.equal((await large.run()).stdout.length, 4 << 20);
});

t.test('what is too long is refused before anyone is asked', async (t) => {
  const bed = new Bed(t);
  await bed.serve(t, echo);
  t.match(JSON.parse((await bed.run({}, 'x'.repeat((1 << 20) + 1))).stdout), { code: 6 });
  const long = Object.fromEntries([1, 2, 3].map((at) => [`CNI_${at}`, 'x'.repeat(100_000)]));
  t.match(JSON.parse((await bed.run(long)).stdout), { code: 4 });
});

t.test('the root: of the program, of the link by which it was called, or as told', async (t) => {
  const bed = new Bed(t);
  const elsewhere = new Bed(t);
  const rootOf = async (env: Record<string, string>, program: string): Promise<string | undefined> =>
    /root=\[(.*?)\]/.exec((await bed.run(env, '{}', program)).stdout)?.[1];
  t.equal(await rootOf({}, bed.program), bed.root);
  t.equal(await rootOf({ CORRAL_ROOT: '/other' }, bed.program), '/other');
  t.equal(await rootOf({ CORRAL_ROOT: '' }, bed.program), bed.root);
  const link = join(elsewhere.root, 'opt/cni/bin/rancher-bridge');
  symlinkSync(bed.program, link);
  t.equal(await rootOf({}, link), bed.root, 'the kernel’s word comes first');
});

t.test('neither daemon nor Node.js: an error of CNI that asks to try again', async (t) => {
  const bed = new Bed(t);
  rmSync(join(bed.root, 'opt/cni/bin/.corral'), { recursive: true });
  const { code, stdout } = await bed.run();
  t.equal(code, 1);
  t.match(JSON.parse(stdout), { cniVersion: '1.1.0', code: 11, msg: /NOT_RUNNING/ });
});
