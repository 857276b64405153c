// `corral store import FILE`
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { readText } from '../../shared/effects/files.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { answerError, callRaw } from '../../shared/source/call.ts';
import { type Command, jsonOption } from './command.ts';
import { socketOf } from './paths.ts';

/** What the daemon takes. */
const maxBytes = 64 * 1024 * 1024;

export const command: Command = {
  spec: {
    name: 'store import',
    positionals: ['FILE'],
    options: { json: jsonOption },
    about:
      'Brings back what corral store export wrote. What the store holds already stays as it is: nothing is overwritten.\n' +
      'An export of another cluster is refused.',
    example: 'corral store import /root/corral.export',
  },
  async run(args) {
    const path = args.positionals[0]!;
    const answer = await callRaw(socketOf('metadata'), '/v1/store/import', {
      method: 'POST',
      lines: read(path),
      timeoutMs: 120_000,
    });
    if (answer.status >= 400) throw answerError(answer, `import ${path}`);
    const told = JSON.parse(answer.text) as { written: number; kept: number; refused: number };
    const line = `${told.written} written, ${told.kept} were there, ${told.refused} refused`;
    console.log(args.flag('json') ? JSON.stringify(told) : line);
    return told.refused > 0 ? exitCodes.failed : exitCodes.done;
  },
};

function read(path: string): string {
  try {
    return readText(path, maxBytes);
  } catch (cause) {
    if (cause instanceof SuiteError) throw cause;
    throw new SuiteError('FILE_UNREADABLE', `read ${path}: ${(cause as Error).message}`, { cause });
  }
}
