import { Writable } from 'node:stream';
import { pino } from 'pino';
import t from 'tap';
import { CniError } from '../../../../cni-plugins/library.ts';
import { Failures, faultOf } from '../../../../daemons/network-manager/attachments/failures.ts';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import { Metrics } from '../../../../daemons/shared/daemon/metrics.ts';
import { SuiteError } from '../../../../daemons/shared/model/errors.ts';

function world() {
  const lines: { event: string; name: string }[] = [];
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const [health, metrics] = [new Health(), new Metrics('network-manager')];
  const failures = new Failures({ health, metrics, log: pino(sink) });
  const condition = () => health.report().conditions.find(({ name }) => name === 'attachments');
  return { failures, condition, metrics, events: () => lines.map(({ event, name }) => `${event} ${name}`) };
}

t.test('one line for each change, a count for each try, and health tells the first', async (t) => {
  const { failures, condition, metrics, events } = world();
  t.match(condition(), { ok: true });
  const full = new SuiteError('ADDRESSES_EXHAUSTED', 'find an address', { hint: 'use a larger block' });
  failures.note('a', 'web', full);
  failures.note('a', 'web', full);
  failures.note('b', 'db', new SuiteError('BLOCK_MISSING', 'no block'));
  t.same(events(), ['attachment.failed web', 'attachment.failed db']);
  t.match(failures.all, [
    { target: 'a', tries: 2, code: 'ADDRESSES_EXHAUSTED' },
    { target: 'b', tries: 1 },
  ]);
  t.match(condition(), {
    ok: false,
    degradesOnly: true,
    code: 'ADDRESSES_EXHAUSTED',
    text: /^web: ADDRESSES_EXHAUSTED: .*larger block.*; db: BLOCK_MISSING/,
  });
  t.match(await metrics.text(), /corral_attachment_failures_total\{code="ADDRESSES_EXHAUSTED".*\} 2/);
  failures.note('a', 'web', new SuiteError('BLOCK_MISSING', 'no block'));
  t.equal(events().length, 3, 'another reason is news');
  failures.clear('a');
  failures.clear('a');
  failures.clear('b');
  t.same(events().slice(3), ['attachment.recovered web', 'attachment.recovered db']);
  t.match(condition(), { ok: true, code: null });
});

t.test('many are counted, not listed', async (t) => {
  const { failures, condition } = world();
  for (let at = 0; at < 10; at += 1) failures.note(String(at), `c${at}`, new Error('x'));
  t.match(condition()?.text, /^c0: INTERNAL: x; c1: .*; c2: .*; and 7 more$/);
});

t.test('errors of any origin', async (t) => {
  t.same(faultOf(new CniError(7, 'bad', 'because')), { code: 'CONFIG_INVALID', text: 'bad (because)' });
  t.same(faultOf(new CniError(100, 'bad')), { code: 'INTERNAL', text: 'bad' });
  t.same(faultOf('text'), { code: 'INTERNAL', text: 'text' });
});
