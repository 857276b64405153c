// Text as data: JSON where it is JSON, which is parsed a hundred times faster, else YAML. In a file of its own, since the
// YAML package takes memory that only daemons which were given such a file should spend.
import { parse } from 'yaml';
import { SuiteError } from '../model/errors.ts';

/** The value of a whole text; `what` names it in the error. @throws SuiteError CONFIG_INVALID. */
export function parseYaml(text: string, what: string): unknown {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // Braces may begin YAML as well, which allows comments and words without quotes.
    }
  }
  try {
    // As in JSON the last of two equal keys counts: to look for them, each is compared with all before it.
    return parse(text, { maxAliasCount: 100, logLevel: 'error', uniqueKeys: false });
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0];
    throw new SuiteError('CONFIG_INVALID', `read ${what}: ${reason}`, { cause, hint: 'it must be YAML or JSON' });
  }
}

/**
 * The value of a text in YAML 1.1, as Go's reader of the original took it: `yes` is true, 0755 is 493, dates stay texts, keys are
 * what is written. Aliases stay shared (and may stand inside of themselves); integers are bigints.
 * @throws SuiteError CONFIG_INVALID, without any of the text.
 */
export function parseYaml11(text: string, what: string): unknown {
  try {
    return parse(text, {
      version: '1.1',
      stringKeys: true,
      maxAliasCount: -1,
      intAsBigInt: true,
      logLevel: 'error',
      customTags: (tags) => tags.filter((tag) => typeof tag !== 'object' || isOrdinary(tag)),
    });
  } catch (error) {
    const { code, linePos } = error as { code?: unknown; linePos?: [{ line: number; col: number }] };
    const where = linePos ? ` at line ${linePos[0].line}, column ${linePos[0].col}` : '';
    throw new SuiteError('CONFIG_INVALID', `read ${what}: ${String(code ?? 'it is not YAML')}${where}`, {
      hint: 'it must be YAML or JSON',
    });
  }
}

const extraordinary = ['binary', 'timestamp', 'set', 'omap', 'pairs'];

function isOrdinary({ tag, format }: { tag: string; format?: string }): boolean {
  return format !== 'TIME' && !extraordinary.some((name) => tag.endsWith(`:${name}`));
}
