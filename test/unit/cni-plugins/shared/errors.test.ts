import { readFileSync } from 'node:fs';
import t from 'tap';
import { CniError, errorReply } from '../../../../cni-plugins/shared/errors.ts';
import { fail } from '../../../../cni-plugins/shared/respond.ts';
import { SuiteError } from '../../../../daemons/shared/model/errors.ts';

t.test('every kind of failure becomes a CNI error', async (t) => {
  const nodes = (): unknown => {
    try {
      return readFileSync('/nonexistent/file');
    } catch (error) {
      return error;
    }
  };
  const rows: [unknown, number][] = [
    [new CniError(6, 'x'), 6],
    [new SuiteError('BLOCK_MISSING', 'x'), 11],
    [new SuiteError('LOCK_TIMEOUT', 'x'), 11],
    [new SuiteError('CONFIG_INVALID', 'x'), 7],
    [new SuiteError('FILE_UNREADABLE', 'x'), 5],
    [new SuiteError('NETNS_IS_HOST', 'x'), 8],
    [new SuiteError('ADDRESSES_EXHAUSTED', 'x'), 101],
    [new SuiteError('ADDRESS_TAKEN', 'x'), 102],
    [new SuiteError('ATTACHMENT_EXISTS', 'x'), 103],
    [new SuiteError('INTERNAL', 'x'), 100],
    [nodes(), 5],
    [new TypeError('x'), 100],
    ['text', 100],
  ];
  for (const [error, code] of rows) t.equal(errorReply(error).code, code, String(error));
});

t.test('the reply names code, attempt and remedy, in the version of the request', async (t) => {
  const error = new SuiteError('BLOCK_MISSING', 'read /x.json', { hint: 'wait', cause: new Error('ENOENT') });
  const reply = fail(error, '{"cniVersion":"0.4.0"}');
  t.equal(reply.exitCode, 1);
  t.same(JSON.parse(reply.stdout), {
    cniVersion: '0.4.0',
    code: 11,
    msg: 'BLOCK_MISSING: read /x.json',
    details: 'wait; ENOENT',
  });
  t.equal(reply.stderr, 'BLOCK_MISSING: read /x.json (wait; ENOENT)\n');
  t.equal(JSON.parse(fail(error, 'not json').stdout).cniVersion, '1.1.0');
});
