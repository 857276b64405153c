import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { followLife } from '../../../daemons/supervisor/follow-life.ts';

function socketPath(t: Test): string {
  const dir = mkdtempSync('/tmp/co-fl-');
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 's');
}

/** What the listener is told, until it was told `count` things. */
async function heard(t: Test, path: string, count: number): Promise<string[]> {
  const told: string[] = [];
  return new Promise((resolve) => {
    const tell = (what: string): void => {
      told.push(what);
      if (told.length === count) {
        life.close();
        resolve(told);
      }
    };
    const life = followLife(
      { socketPath: path, pauseMs: () => 1 },
      {
        nobody: () => tell('nobody'),
        connected: (pid) => tell(pid === process.pid ? 'connected to this process' : `connected to ${pid}`),
        hello: ({ pid, version }) => tell(`hello ${pid} ${version}`),
        beat: (health) => tell(health ? `health ${health.state}` : 'beat'),
        lost: () => tell('lost'),
      },
    );
    t.teardown(() => life.close());
  });
}

async function serve(t: Test, listener: RequestListener): Promise<string> {
  const path = socketPath(t);
  const server = createServer(listener);
  await new Promise<void>((ready) => server.listen(path, ready));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return path;
}

t.test('nobody, again and again', async (t) => {
  t.same(await heard(t, socketPath(t), 3), ['nobody', 'nobody', 'nobody']);
});

t.test('who has seen enough leaves nothing behind', async (t) => {
  await new Promise<void>((resolve) => {
    const nothing = (): void => {};
    const life = followLife(
      { socketPath: socketPath(t), pauseMs: () => 1_000_000 },
      {
        nobody: () => {
          life.close();
          resolve();
        },
        connected: nothing,
        hello: nothing,
        beat: nothing,
        lost: nothing,
      },
    );
  });
  await new Promise(setImmediate);
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  t.ok(timers <= 1, 'at most the test’s own timer');
});

t.test('a life from hello to end, and again', async (t) => {
  const path = await serve(t, (_, response) => {
    response.write('{"hello":{"pid":7,"version":"1"}}\n{"health":{"state":"ready","conditions":[]}}\n{"beat":{}}\n');
    setTimeout(() => response.end(), 20);
  });
  const round = ['connected to this process', 'hello 7 1', 'health ready', 'beat', 'lost'];
  t.same(await heard(t, path, 10), [...round, ...round]);
});

t.test('whoever speaks otherwise is lost', async (t) => {
  const answers: RequestListener[] = [
    (_, response) => response.writeHead(429).end('{}'),
    (_, response) => void response.write('no json\n'),
    (_, response) => void response.write('null\n'),
    (_, response) => void response.write('x'.repeat(300_000)),
    (request) => request.socket.end('no http'),
  ];
  for (const answer of answers) {
    t.same(await heard(t, await serve(t, answer), 2), ['connected to this process', 'lost']);
  }
});
