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
    return parse(text, { maxAliasCount: 100, logLevel: 'error' });
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0];
    throw new SuiteError('CONFIG_INVALID', `read ${what}: ${reason}`, { cause, hint: 'it must be YAML or JSON' });
  }
}
