import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { StateFiles } from '../../../../daemons/network-manager/attachments/state-files.ts';
import { type TestScope, until } from '../../../netns/support/namespaces.ts';
import { id, lease } from './support.ts';

const [first, second] = ['2030-01-01T00:00:00.1Z', '2030-01-01T00:00:09Z'];

function make(t: TestScope, errorMs: number) {
  const root = mkdtempSync('/tmp/co-sf-');
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const faults: unknown[] = [];
  const states = new StateFiles({ paths: { root }, errorMs, onFault: (error) => faults.push(error) });
  t.teardown(() => states.close());
  const dir = join(root, 'var/lib/rancher/state/cni');
  const read = (startedAt: string) => JSON.parse(readFileSync(join(dir, id, startedAt), 'utf8'));
  return { states, dir, read, faults };
}

t.test('a result: written once, replaced by the next run, removed at the end', async (t) => {
  const { states, dir, read } = make(t, 60_000);
  states.attached(id, first, lease());
  t.match(read(first), { ip4: { ip: '10.42.0.5/24', gateway: '10.42.0.1' }, dns: {} });
  const { ino, mode } = statSync(join(dir, id, first));
  t.equal(mode & 0o777, 0o644);
  states.attached(id, first, lease());
  t.equal(statSync(join(dir, id, first)).ino, ino, 'the same is not written again');
  states.attached(id, second, lease());
  t.same(readdirSync(join(dir, id)), [second]);
  t.same(states.containers(), [id]);
  states.ended(id);
  states.ended(id);
  t.same(readdirSync(dir), []);
});

t.test('an error is written late, with the latest text, and replaced by a result', async (t) => {
  const { states, dir, read } = make(t, 150);
  states.failed(id, first, 'no block');
  states.failed(id, first, 'no address');
  t.notOk(existsSync(join(dir, id)), 'not at once: it would fail the start');
  t.same(states.containers(), [], 'nobody shall take it for one that ended');
  await until(5_000, 'the error is there', () => existsSync(join(dir, id, first)));
  t.same(read(first), { error: "Couldn't bring up network: no address" });
  states.attached(id, first, lease());
  t.match(read(first), { ip4: { ip: '10.42.0.5/24' } });
});

t.test('no error after success, after the end, or for an earlier run', async (t) => {
  const { states, dir, read } = make(t, 100);
  states.failed(id, first, 'early');
  states.attached(id, first, lease());
  const other = 'b'.repeat(64);
  states.failed(other, first, 'early');
  states.ended(other);
  const third = 'c'.repeat(64);
  states.failed(third, first, 'the first run');
  states.failed(third, second, 'the second run');
  await until(5_000, 'the second run has given up', () => existsSync(join(dir, third, second)));
  t.same(readdirSync(join(dir, third)), [second]);
  t.match(read(first), { ip4: {} });
  t.notOk(existsSync(join(dir, other)));
});

t.test('nothing but a container’s folder is made or removed', async (t) => {
  const { states, dir, faults } = make(t, 10);
  states.attached(id, first, lease());
  writeFileSync(join(dir, 'notes'), 'a person’s');
  for (const bad of ['..', '', 'notes', id.toUpperCase(), `${id}/..`]) {
    states.attached(bad, first, lease());
    states.failed(bad, first, 'x');
    states.ended(bad);
  }
  states.attached('d'.repeat(64), '../../x', lease());
  t.same(readdirSync(dir).sort(), [id, 'notes']);
  t.same(faults, []);
});
