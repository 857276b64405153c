// Reads an answer that a daemon writes line by line for as long as it lives.
import { request } from 'node:http';
import { fittingSocketPath } from '../effects/socket-path.ts';
import { SuiteError } from '../model/errors.ts';
import { LineCutter } from '../model/lines.ts';

/**
 * Resolves when `stop` is aborted.
 * @throws SuiteError NOT_RUNNING when the daemon is not there or ends, NOT_READY when it answers otherwise.
 */
export function followLines(
  socketPath: string,
  path: string,
  onLine: (line: string) => void,
  stop: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const lost = (why: string): void => {
      outgoing.destroy();
      if (stop.aborted) resolve();
      else
        reject(new SuiteError('NOT_RUNNING', `follow ${path} on ${socketPath}: ${why}`, { hint: 'see corral status' }));
    };
    const outgoing = request(
      { socketPath: fittingSocketPath(socketPath), path, agent: false, signal: stop },
      (incoming) => {
        if (incoming.statusCode !== 200) {
          outgoing.destroy();
          reject(new SuiteError('NOT_READY', `follow ${path}: answered ${incoming.statusCode}`));
          return;
        }
        const cutter = new LineCutter();
        incoming.on('data', (chunk: Buffer) => {
          try {
            for (const line of cutter.push(chunk)) onLine(line);
          } catch (error) {
            outgoing.destroy();
            reject(error);
          }
        });
        incoming.on('error', (error) => lost(error.message));
        incoming.on('end', () => lost('it ended'));
      },
    );
    outgoing.on('error', (error) => lost(error.message));
    outgoing.end();
  });
}
