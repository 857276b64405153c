import t from 'tap';
import { monitoredContainer } from '../../../../daemons/network-manager/ports/parse-conmon.ts';

const told = (...words: string[]): string | undefined => monitoredContainer(`${words.join('\0')}\0`);

t.test('the container of a conmon', async (t) => {
  t.equal(told('/usr/bin/conmon', '--api-version', '1', '-c', 'abc', '-u', 'def', '-r', '/usr/bin/runc'), 'abc');
  t.equal(told('conmon', '--cid', 'abc'), 'abc');
  t.equal(told('/usr/bin/conmon', '--version'), undefined);
  t.equal(told('/usr/bin/conmon', '-c'), undefined);
  t.equal(told('/usr/bin/conmonitor', '-c', 'abc'), undefined, 'another program');
  t.equal(told('sh', '-c', 'conmon'), undefined);
  t.equal(monitoredContainer(''), undefined, 'a thread of the kernel');
});
