import t from 'tap';
import { LoopTeller } from '../../../daemons/dns/loop-teller.ts';

t.test('each circle is told once, with its members, wherever it was entered', async (t) => {
  const told: unknown[] = [];
  const loops = new LoopTeller({ warn: (fields: unknown) => void told.push(fields) } as never);
  loops.onCut({ why: 'cycle', members: ['a.s', 'b.s'] });
  loops.onCut({ why: 'cycle', members: ['b.s', 'a.s'] });
  loops.onLoop(['a.s', 'b.s']);
  loops.onCut({ why: 'depth', members: ['a.s', 'c.s'] });
  t.same(told, [
    { event: 'dns.links.cut', members: ['a.s', 'b.s'] },
    { event: 'dns.aliases.loop', members: ['a.s', 'b.s'] },
    { event: 'dns.links.cut', members: ['a.s', 'c.s'] },
  ]);
  for (let at = 0; at < 1_000; at += 1) loops.onLoop([`x${at}`]);
  t.equal(told.length, 256, 'the log is bounded');
});
