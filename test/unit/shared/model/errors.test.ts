import t from 'tap';
import { hasCode, renderError, SuiteError } from '../../../../daemons/shared/model/errors.ts';

t.test('an error reads as code, attempt, remedy', async (t) => {
  t.equal(
    renderError(new SuiteError('NOT_ROOT', 'change the network', { hint: 'run as root' })),
    'NOT_ROOT: change the network. run as root',
  );
  t.equal(renderError(new SuiteError('DEADLINE', 'wait')), 'DEADLINE: wait');
  t.equal(renderError(new Error('odd')), 'INTERNAL: odd');
  t.equal(renderError('text'), 'INTERNAL: text');
});

t.test('the cause stays reachable', async (t) => {
  const cause = new Error('below');
  t.equal(new SuiteError('BUSY', 'x', { cause }).cause, cause);
});

t.test('codes are asked for by name', async (t) => {
  t.ok(hasCode(new SuiteError('BUSY', 'x'), 'DEADLINE', 'BUSY'));
  t.notOk(hasCode(new SuiteError('BUSY', 'x'), 'DEADLINE'));
  t.notOk(hasCode(new Error('BUSY'), 'BUSY'));
});
