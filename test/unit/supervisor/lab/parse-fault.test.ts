import t from 'tap';
import { renderError } from '../../../../daemons/shared/model/errors.ts';
import { parseFault } from '../../../../daemons/supervisor/lab/parse-fault.ts';

const parse = (action: string, host?: string, daemon?: string): unknown => parseFault({ action, host, daemon });

t.test('faults of a cable, a suite, one daemon, and the store', async (t) => {
  t.same(parse('cut', 'h2'), { on: 'cable', action: 'cut', host: 'h2' });
  t.same(parse('kill', 'h1', 'dns'), { on: 'suite', action: 'kill', host: 'h1', daemon: 'dns' });
  t.same(parse('pause', 'h1'), { on: 'suite', action: 'pause', host: 'h1', daemon: undefined });
  t.same(parse('stop-store'), { on: 'store', action: 'stop' });
  t.same(parse('empty-store'), { on: 'store', action: 'empty' });
});

t.test('what makes no sense is refused with what would', async (t) => {
  const cases: [string[], string][] = [
    [['explode', 'h1'], 'USAGE: make the fault explode. Possible: cut, heal, kill,'],
    [['cut'], 'USAGE: cut no host. Name one: corral lab fault cut h1'],
    [['heal', 'h1', 'dns'], 'USAGE: heal dns. A cable belongs to the whole host'],
    [['kill', 'h1', 'named'], 'USAGE: disturb the daemon named. There are: metadata, dns'],
    [['stop-store', 'h1'], 'USAGE: give stop-store the host h1. There is one store for all hosts'],
  ];
  for (const [[action = '', host, daemon], line] of cases) {
    try {
      parse(action, host, daemon);
      t.fail(line);
    } catch (error) {
      t.match(renderError(error), line);
    }
  }
});
