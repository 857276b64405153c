import t from 'tap';
import type { DockerKeeper } from '../../../../daemons/network-manager/attachments/docker-keeper.ts';
import { Engines, type MakeKeeper } from '../../../../daemons/network-manager/attachments/engines.ts';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import { makeLog } from '../../../../daemons/shared/daemon/log.ts';
import { SuiteError } from '../../../../daemons/shared/model/errors.ts';

interface Bed {
  readonly engines: Engines;
  /** What happened to which engine. */
  readonly said: string[];
  readonly conditions: () => string[];
  readonly lose: (socket: string) => void;
}

function makeBed(): Bed {
  const health = new Health();
  const said: string[] = [];
  const states = new Map<string, Parameters<MakeKeeper>[1]>();
  const engines = new Engines({ health, log: makeLog('network-manager', 'error') }, ({ socketPath }, onState) => {
    states.set(socketPath, onState);
    const keeper = {
      start() {
        said.push(`start ${socketPath}`);
        onState(undefined);
      },
      async stop() {
        said.push(`stop ${socketPath}`);
      },
    };
    return keeper as unknown as DockerKeeper;
  });
  const conditions = (): string[] =>
    health
      .report()
      .conditions.map(({ name, ok }) => `${name}${ok ? '' : '!'}`)
      .sort();
  const lose = (socket: string): void => states.get(socket)?.(new SuiteError('DOCKER_UNREACHABLE', 'ask'));
  return { engines, said, conditions, lose };
}

const of = (...sockets: string[]): Parameters<Engines['set']>[0] =>
  sockets.map((socket) => ({ kind: 'docker' as const, socket }));

t.test('a list of engines that changes', async (t) => {
  const { engines, said, conditions, lose } = makeBed();
  engines.set(of('/a', '/b'));
  t.same(conditions(), ['docker /a', 'docker /b']);
  engines.set(of('/b', '/c'));
  t.same(said.splice(0), ['start /a', 'start /b', 'start /c', 'stop /a'], 'one that stays is not interrupted');
  t.same(conditions(), ['docker /b', 'docker /c']);
  lose('/c');
  t.same(conditions(), ['docker /b', 'docker /c!']);
  engines.set(of('/b', '/c'));
  t.same(said.splice(0), [], 'the same list');
  engines.set([]);
  t.same(said.splice(0), ['stop /b', 'stop /c']);
  t.same(conditions(), []);
  lose('/c');
  t.same(conditions(), [], 'who is followed no more has nothing to say');
  engines.set(of('/c'));
  t.same(conditions(), ['docker'], 'the only one has a short name');
  t.equal(engines.all[0]?.docker.socketPath, '/c');
  await engines.stop();
  t.same(said, ['start /c', 'stop /c']);
});
