// The typed client of metadata's answers: what a container gets at 169.254.169.250, over the daemon's own socket, as any caller.
import { SuiteError } from '../model/errors.ts';
import { type Answer, answerError, callRaw } from './call.ts';

export const metadataFormats = { text: 'text/plain', json: 'application/json', yaml: 'application/yaml' } as const;
export type MetadataFormat = keyof typeof metadataFormats;

export interface ReadOptions {
  /** Address of the caller whose view is asked for; default: the host's. */
  readonly from?: string | undefined;
  readonly timeoutMs?: number;
}

export class MetadataClient {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /**
   * The answer at a path such as `/latest/self/container` (already escaped), byte for byte.
   * @throws SuiteError NAME_NOT_FOUND if nothing is there, NOT_RUNNING, DEADLINE, or what the daemon says.
   */
  async read(path: string, format: MetadataFormat = 'text', options: ReadOptions = {}): Promise<string> {
    const { from, timeoutMs } = options;
    const query = from === undefined ? '' : `?from=${encodeURIComponent(from)}`;
    const headers = { accept: metadataFormats[format] };
    const call = (at: string): Promise<Answer> =>
      callRaw(this.#socketPath, `/v1/tree${at}${query}`, {
        headers,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
    const answer = await call(path);
    if (answer.status === 404) {
      throw new SuiteError('NAME_NOT_FOUND', `read ${path}`, { hint: 'corral get / lists what is there' });
    }
    // Redirects lead to what the path means without `..` and empty parts; nobody follows them here.
    if (answer.status >= 300 && answer.status < 400) {
      throw new SuiteError('USAGE', `read ${path}`, { hint: 'leave empty parts, . and .. out of the path' });
    }
    if (answer.status >= 400) throw answerError(answer, `read ${path}`);
    return answer.text;
  }

  /** The value at a path; undefined if nothing is there. */
  async value<T>(path: string, options: ReadOptions = {}): Promise<T | undefined> {
    try {
      return JSON.parse(await this.read(path, 'json', options)) as T;
    } catch (error) {
      if (error instanceof SuiteError && error.code === 'NAME_NOT_FOUND') return undefined;
      throw error;
    }
  }
}
