import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { DockerFollower } from '../../../../daemons/network-manager/attachments/docker-follower.ts';
import { dockerAt } from '../../../../daemons/shared/effects/docker.ts';
import { FakeEngine } from '../../../fakes/docker-engine.ts';
import { until } from '../../../netns/support/namespaces.ts';

const [one, two] = ['1'.repeat(64), '2'.repeat(64)];
const running = { State: { Running: true, Pid: 7 }, Config: {}, HostConfig: {} };

t.test('lists after every connection, tells each loss once, and never gives up', async (t) => {
  const dir = mkdtempSync('/tmp/co-df-');
  t.teardown(() => rmSync(dir, { recursive: true }));
  const engine = new FakeEngine(join(dir, 's'));
  const [lists, events, states] = [[] as string[][], [] as string[], [] as string[]];
  const follower = new DockerFollower({
    docker: dockerAt(engine.socketPath),
    onList: (found) => lists.push(found.map(({ id }) => id)),
    onEvent: ({ containerId, action }) => events.push(`${action} ${containerId}`),
    onState: (fault) => states.push(fault?.code ?? 'up'),
  });
  t.teardown(() => follower.close());
  follower.start();
  await until(5_000, 'the loss is told', () => states.length === 1);
  t.same(states, ['DOCKER_UNREACHABLE'], 'an engine that is not there yet');

  await engine.start();
  await until(5_000, 'it is connected', () => states.length === 2);
  engine.put(one, running, 'start');
  await until(5_000, 'the event', () => events.length === 1);

  await engine.stop();
  await until(5_000, 'the loss', () => states.length === 3);
  engine.put(two, running, 'start');
  await engine.start();
  await until(5_000, 'it is connected again', () => states.length === 4);
  t.same(states, ['DOCKER_UNREACHABLE', 'up', 'DOCKER_UNREACHABLE', 'up']);
  t.same(lists, [[], [one, two]], 'the list has what was missed');
  t.ok(events.includes(`start ${two}`), 'and the stream too');

  engine.write('{"half a line');
  engine.cut();
  await until(5_000, 'connected a third time', () => lists.length === 3);
  t.equal(states.at(-1), 'up');

  follower.close();
  await until(5_000, 'the stream is closed', () => engine.followers() === 0);
  const asked = engine.requests.length;
  await engine.stop();
  t.equal(engine.requests.length, asked, 'closed for good');
});
