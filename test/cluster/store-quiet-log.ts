// A log that goes nowhere.
import { openSync } from 'node:fs';
import { type Logger, makeLog } from '../../daemons/shared/daemon/log.ts';

export const quietLog: Logger = makeLog('metadata', 'error', openSync('/dev/null', 'w'));
