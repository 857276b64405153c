import t from 'tap';
import { runSteps, type Step } from '../../../../cni-plugins/bridge/steps.ts';

function steps(log: string[], failing: { run?: string; undo?: string } = {}): Step[] {
  return ['a', 'b', 'c'].map((name) => ({
    name,
    run: async () => {
      log.push(`run ${name}`);
      if (failing.run === name) throw new Error(`run ${name}`);
    },
    undo: () => {
      log.push(`undo ${name}`);
      if (failing.undo === name) throw new Error(`undo ${name}`);
    },
  }));
}

t.test('all run, none is undone', async (t) => {
  const log: string[] = [];
  await runSteps(steps(log), (name) => log.push(`after ${name}`));
  t.same(log, ['run a', 'after a', 'run b', 'after b', 'run c', 'after c']);
});

t.test('the failing one and all before it are undone, last first', async (t) => {
  const log: string[] = [];
  await t.rejects(runSteps(steps(log, { run: 'b' })), { message: 'run b' });
  t.same(log, ['run a', 'run b', 'undo b', 'undo a']);
});

t.test('an undo that fails keeps what stands under it', async (t) => {
  const log: string[] = [];
  await t.rejects(runSteps(steps(log, { run: 'c', undo: 'b' })), { message: 'run c' });
  t.same(log, ['run a', 'run b', 'run c', 'undo c', 'undo b']);
});
