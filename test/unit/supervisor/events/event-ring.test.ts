import t from 'tap';
import type { Happening } from '../../../../daemons/supervisor/events/event.ts';
import { EventRing } from '../../../../daemons/supervisor/events/event-ring.ts';

const happening = (name: string): Happening => {
  return { kind: 'daemon', action: 'changed', level: 'info', name, host: null, code: null, text: 'ready' };
};

function filled(count: number, most = 10, epoch = 36): EventRing {
  const ring = new EventRing(() => epoch, most);
  for (let at = 1; at <= count; at += 1) ring.add(happening(`d${at}`));
  return ring;
}

t.test('events carry a cursor, from which a reader goes on', async (t) => {
  const ring = filled(3);
  const { cursor, missed, events } = ring.after(undefined, 100);
  t.same([cursor, missed], ['10-3', false]);
  t.match(events, [{ id: '10-1', time: '1970-01-01T00:00:00.036Z', name: 'd1' }, { id: '10-2' }, { id: '10-3' }]);
  t.match(ring.after('10-1', 100), { missed: false, events: [{ name: 'd2' }, { name: 'd3' }] });
  t.same(ring.after('10-3', 100), { cursor: '10-3', missed: false, events: [] });
});

t.test('it is bounded, and tells when a reader missed something', async (t) => {
  const ring = filled(35);
  t.equal(ring.after(undefined, 1_000).events.length, 10);
  t.match(ring.after(undefined, 2).events, [{ name: 'd34' }, { name: 'd35' }]);
  t.match(ring.after('10-30', 100), { missed: false, events: { length: 5 } });
  t.match(ring.after('10-3', 100), { missed: true, events: { length: 10 } });
  t.match(ring.after('10-30', 2), { missed: true, events: { length: 2 } });
  t.match(ring.after('10-99', 100), { missed: true }, 'a number that was not given yet');
  t.match(ring.after('zz-3', 100), { missed: true }, 'of another supervisor');
  t.match(ring.after("' OR 1", 100), { missed: true });
});

t.test('listeners hear of each event until they leave', async (t) => {
  const ring = filled(0);
  const heard: string[] = [];
  const leave = ring.onEvent(({ id }) => void heard.push(id));
  ring.add(happening('a'));
  leave();
  ring.add(happening('b'));
  t.same(heard, ['10-1']);
});
