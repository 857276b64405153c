import t from 'tap';
import { NameConflicts } from '../../../daemons/metadata/name-conflicts.ts';
import type { ContainerObject } from '../../../daemons/shared/model/objects.ts';
import { container } from '../../fixtures/records.ts';

t.test('a conflict is new once, and ends when one bearer is left', async (t) => {
  const bearers: ContainerObject[] = [];
  const conflicts = new NameConflicts((name) => bearers.filter((one) => one.name.toLowerCase() === name));
  const look = (...now: ContainerObject[]): boolean => {
    bearers.splice(0, bearers.length, ...now);
    return conflicts.look('web');
  };
  const [a, b, c] = [container(1, { name: 'web' }), container(2, { name: 'Web' }), container(3, { name: 'web' })];
  t.equal(look(a), false);
  t.equal(look(a, b), true);
  t.equal(look(a, b, c), false, 'already in conflict');
  t.same([...conflicts.names], ['web']);
  t.equal(look(b, c), false);
  t.equal(look(c), true);
  t.equal(conflicts.names.size, 0);
  t.equal(look(a, c), true);
  t.equal(look(a, { ...c, state: 'stopped' }), true);
  t.equal(conflicts.names.size, 0, 'a stopped container is looked up by nobody');
});
