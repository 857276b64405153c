import t from 'tap';
import { NameConflicts } from '../../../daemons/metadata/name-conflicts.ts';
import { container } from '../../fixtures/records.ts';

t.test('a conflict is new once, and ends when one bearer is left', async (t) => {
  const conflicts = new NameConflicts();
  const [a, b, c] = [1, 2, 3].map((number) => container(number, { name: number === 2 ? 'Web' : 'web' })) as [
    ReturnType<typeof container>,
    ReturnType<typeof container>,
    ReturnType<typeof container>,
  ];
  t.equal(conflicts.update(undefined, a), undefined);
  t.equal(conflicts.update(a, { ...a, startCount: 2 }), undefined);
  t.equal(conflicts.update(undefined, b), 'web');
  t.equal(conflicts.update(undefined, c), undefined, 'already in conflict');
  t.same([...conflicts.names], ['web']);
  conflicts.update(a, undefined);
  t.equal(conflicts.names.size, 1);
  conflicts.update(b, { ...b, name: 'other' });
  t.equal(conflicts.names.size, 0);
  t.equal(conflicts.update(undefined, a), 'web');
  conflicts.update(c, { ...c, state: 'stopped' });
  t.equal(conflicts.names.size, 0, 'a stopped container is looked up by nobody');
});
