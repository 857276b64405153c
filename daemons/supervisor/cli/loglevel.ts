// `corral loglevel`: reads or sets how much a daemon writes to its log, while it runs.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { type LogLevel, logLevels } from '../../shared/daemon/log-levels.ts';
import { nearest } from '../../shared/daemon/nearest.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { type DaemonName, daemonNames } from '../../shared/model/paths.ts';
import { callJson } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'loglevel',
    positionals: ['DAEMON', '[LEVEL]'],
    options: { json: jsonOption },
    about:
      `Shows or sets the least urgent level that a daemon writes: ${logLevels.join(', ')}. It holds until the daemon starts again\n` +
      'or reads its configuration again (SIGHUP); log.level in corral.yaml is for good.',
    example: 'corral loglevel overlay debug',
  },
  async run(args) {
    const [daemon = '', level] = args.positionals;
    const socket = socketOf(daemonNamed(daemon));
    const answer = await callJson<{ level: LogLevel }>(
      socket,
      '/v1/loglevel',
      level === undefined ? {} : { method: 'PUT', body: { level } },
    );
    console.log(args.flag('json') ? JSON.stringify({ daemon, ...answer }) : `${daemon}: ${answer.level}`);
    return exitCodes.done;
  },
};

function daemonNamed(text: string): DaemonName {
  const known = daemonNames.find((name) => name === text);
  if (known) return known;
  const guess = nearest(text, daemonNames);
  throw new SuiteError('TARGET_UNKNOWN', `find the daemon ${text}`, {
    hint: guess === undefined ? `one of ${daemonNames.join(', ')}` : `did you mean ${guess}?`,
  });
}
