import t from 'tap';
import { exitCodeOf } from '../../../../daemons/shared/daemon/exit-codes.ts';
import { type ErrorCode, SuiteError } from '../../../../daemons/shared/model/errors.ts';

const cases: readonly [ErrorCode, number][] = [
  ['USAGE', 2],
  ['NOT_ROOT', 2],
  ['CONFIG_INVALID', 2],
  ['ROOT_TOO_LONG', 2],
  ['ALREADY_RUNNING', 1],
  ['SUBNET_OVERLAP', 1],
  ['NOT_RUNNING', 3],
  ['NOT_READY', 3],
  ['INTERNAL', 1],
];
for (const [code, exit] of cases) t.equal(exitCodeOf(new SuiteError(code, 'x')), exit, code);
t.equal(exitCodeOf(new Error('x')), 1);
