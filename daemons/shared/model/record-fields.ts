// Pure: reads the fields of a record of another process, each with its check.
import { SuiteError } from './errors.ts';

export type Fields = Readonly<Record<string, unknown>>;
export type Check<T> = (value: unknown) => value is T;

/** @returns a function that gives a field of the checked type, or throws RECORD_INVALID with its name. */
export function reader(kind: string, fields: Fields): <T>(name: string, check: Check<T>) => T {
  return (name, check) => {
    const value = fields[name];
    if (check(value)) return value;
    const shown = JSON.stringify(value)?.slice(0, 80);
    throw new SuiteError('RECORD_INVALID', `read ${kind} ${String(fields.id).slice(0, 80)}: ${name} is ${shown}`);
  };
}
