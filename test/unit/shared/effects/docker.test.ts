import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { dockerAt } from '../../../../daemons/shared/effects/docker.ts';
import { FakeEngine } from '../../../fakes/docker-engine.ts';
import type { TestScope } from '../../../netns/support/namespaces.ts';

const id = 'c'.repeat(64);
const running = {
  Name: '/web',
  State: { Running: true, Pid: 7 },
  Config: { Labels: { a: 'b' } },
  HostConfig: { NetworkMode: 'none' },
};

async function engine(t: TestScope): Promise<FakeEngine> {
  const dir = mkdtempSync('/tmp/co-de-');
  const fake = new FakeEngine(join(dir, 's'));
  await fake.start();
  t.teardown(async () => {
    await fake.stop();
    rmSync(dir, { recursive: true });
  });
  return fake;
}

t.test('asks in the version that the engine speaks, whatever the environment says', async (t) => {
  process.env.DOCKER_HOST = 'tcp://192.0.2.1:2375';
  t.teardown(() => delete process.env.DOCKER_HOST);
  const fake = await engine(t);
  fake.put(id, running, 'start');
  const docker = dockerAt(fake.socketPath);
  t.match(await docker.inspect('web'), { id, name: 'web', pid: 7 });
  t.same(await docker.running(), [{ id, labels: { a: 'b' }, networkMode: 'none' }]);
  t.same(fake.requests, ['GET /version', 'GET /v1.41/containers/web/json', 'GET /v1.41/containers/json']);
  t.equal(await docker.inspect('nobody'), undefined);
  t.equal(await docker.inspect('../../images/json'), undefined);
  t.equal(fake.requests.length, 4, 'what is no name is never sent');
});

t.test('an engine that is away, and one that comes back as another', async (t) => {
  const fake = await engine(t);
  const docker = dockerAt(fake.socketPath);
  t.equal(await docker.inspect('web'), undefined);
  await fake.stop();
  await t.rejects(docker.inspect('web'), { code: 'DOCKER_UNREACHABLE', hint: /engine running/ });
  fake.apiVersion = '1.60';
  fake.minApiVersion = '1.55';
  await fake.start();
  t.equal(await docker.inspect('web'), undefined);
  t.equal(fake.requests.at(-1), 'GET /v1.55/containers/web/json');
  await t.rejects(dockerAt('/tmp/co-no-such-socket').running(), { code: 'DOCKER_UNREACHABLE' });
});

t.test('events arrive whole, however they are cut, and the end of the stream is told', async (t) => {
  const fake = await engine(t);
  const seen: string[] = [];
  const docker = dockerAt(fake.socketPath);
  const events = await docker.events(undefined, (event) => seen.push(`${event.action} ${event.containerId}`));
  fake.put(id, running, 'start');
  const line = JSON.stringify({ Type: 'container', Action: 'die', Actor: { ID: id } });
  fake.write(line.slice(0, 20));
  await new Promise(setImmediate);
  fake.write(`${line.slice(20)}\n\n${line}\n`);
  fake.write(`${JSON.stringify({ Type: 'image', Action: 'pull', Actor: { ID: 'x' } })}\n`);
  while (seen.length < 3) await new Promise(setImmediate);
  t.same(seen, [`start ${id}`, `die ${id}`, `die ${id}`]);
  t.match(decodeURIComponent(fake.requests.at(-1) ?? ''), '"type":["container","network"]', 'the engine filters');
  fake.cut();
  t.match(await events.ended, { code: 'DOCKER_UNREACHABLE' });
});

t.test('a line that is no event ends the stream', async (t) => {
  const fake = await engine(t);
  const events = await dockerAt(fake.socketPath).events(undefined, () => undefined);
  fake.write('{"Type":"contai\n');
  t.match(await events.ended, { code: 'DOCKER_UNREACHABLE' });
  while (fake.followers() > 0) await new Promise(setImmediate);
});

t.test('since repeats what was missed', async (t) => {
  const fake = await engine(t);
  const first: (string | undefined)[] = [];
  const docker = dockerAt(fake.socketPath);
  const events = await docker.events(undefined, (event) => first.push(event.at));
  fake.put(id, running, 'start');
  while (first.length < 1) await new Promise(setImmediate);
  events.close();
  await events.ended;
  fake.put(id, running, 'die');
  const second: string[] = [];
  const again = await docker.events(first[0], (event) => second.push(event.action));
  while (second.length < 2) await new Promise(setImmediate);
  t.same(second, ['start', 'die']);
  again.close();
});
