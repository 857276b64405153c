// What a command of `corral` is, and how its arguments are read.
import { parseArgs } from 'node:util';
import { nearest } from '../../shared/daemon/nearest.ts';
import { SuiteError } from '../../shared/model/errors.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** One letter: `f` for `-f`. */
  readonly short?: string;
  /** Name of the value in the help. */
  readonly value?: string;
  readonly help: string;
}

export interface CommandSpec {
  readonly name: string;
  /** Positional arguments, as the help shows them: `PATH`; one in brackets (`[DAEMON]`, after the others) may be left out. */
  readonly positionals: readonly string[];
  /** Name of the words behind `--`, if the command takes any: `CMD`. */
  readonly rest?: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly about: string;
  readonly example: string;
}

export interface Command {
  readonly spec: CommandSpec;
  /** Resolves with the exit code; what it throws becomes one line for people. */
  run(args: Args): Promise<number>;
}

/** Arguments that fit the command's description. */
export interface Args {
  readonly positionals: readonly string[];
  /** The words behind `--`. */
  readonly rest: readonly string[];
  flag(name: string): boolean;
  one(name: string): string | undefined;
  all(name: string): readonly string[];
}

const help: Option = { type: 'boolean', short: 'h', help: 'show this help' };
export const jsonOption: Option = { type: 'boolean', help: 'answer in JSON, for programs' };

/** 'help' when help is asked for. @throws SuiteError USAGE, with the nearest option if one was mistyped. */
export function parseCommand(spec: CommandSpec, argv: readonly string[]): Args | 'help' {
  const options: Record<string, Option> = { ...spec.options, help };
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: typesOf(options),
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  const rest: string[] = [];
  let into = positionals;
  for (const token of tokens) {
    if (token.kind === 'option-terminator' && spec.rest !== undefined) into = rest;
    if (token.kind === 'positional') into.push(token.value);
    if (token.kind !== 'option') continue;
    const value = readOption(spec, options, token);
    values.set(token.name, [...(options[token.name]?.multiple ? (values.get(token.name) ?? []) : []), value]);
  }
  if (values.has('help')) return 'help';
  const required = spec.positionals.filter((name) => !name.startsWith('[')).length;
  if (positionals.length < required || positionals.length > spec.positionals.length) {
    throw wrongCount(spec, positionals);
  }
  return {
    positionals,
    rest,
    flag: (name) => values.has(name),
    one: (name) => values.get(name)?.at(-1),
    all: (name) => values.get(name) ?? [],
  };
}

export function renderHelp(spec: CommandSpec): string {
  const rows = Object.entries({ ...spec.options, help }).map(
    ([name, option]) => [leftOf(name, option), option] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, option]) => {
    return `  ${left.padEnd(width)}  ${option.help}${option.multiple ? ' (may be repeated)' : ''}`;
  });
  return [`Usage: ${usageOf(spec)}`, '', spec.about, '', ...lines, '', 'Example:', `  ${spec.example}`, ''].join('\n');
}

function leftOf(name: string, { short, type, value = 'TEXT' }: Option): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${type === 'string' ? ` ${value}` : ''}`;
}

function usageOf(spec: CommandSpec): string {
  const rest = spec.rest === undefined ? [] : [`-- ${spec.rest}...`];
  return ['corral', spec.name, ...spec.positionals, '[options]', ...rest].join(' ');
}

function typesOf(
  options: Readonly<Record<string, Option>>,
): Record<string, { type: Option['type']; multiple: boolean; short?: string }> {
  const entries = Object.entries(options);
  return Object.fromEntries(
    entries.map(([name, { type, multiple = false, short }]) => [name, { type, multiple, ...(short && { short }) }]),
  );
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function readOption(spec: CommandSpec, options: Readonly<Record<string, Option>>, token: OptionToken): string {
  const { name, rawName, value } = token;
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (!option) {
    const guess = nearest(
      rawName,
      Object.keys(options).map((known) => `--${known}`),
    );
    throw wrongUse(spec, `use the option ${rawName}`, guess ? `Did you mean ${guess}? ` : '');
  }
  if (option.type === 'boolean') {
    if (value !== undefined) throw wrongUse(spec, `give ${rawName} the value ${value}`, 'It takes none. ');
    return '';
  }
  const missing = value === undefined || (token.inlineValue === false && value.startsWith('-'));
  if (missing) throw wrongUse(spec, `use ${rawName} without a value`, `Give it one: ${rawName} ${option.value}. `);
  return value;
}

function wrongCount(spec: CommandSpec, positionals: readonly string[]): SuiteError {
  const missing = spec.positionals[positionals.length];
  const what =
    missing === undefined
      ? `give ${spec.name} the argument ${positionals.at(-1)}`
      : `run ${spec.name} without ${missing}`;
  return wrongUse(spec, what, `Usage: ${usageOf(spec)}. `);
}

function wrongUse(spec: CommandSpec, what: string, advice: string): SuiteError {
  return new SuiteError('USAGE', what, { hint: `${advice}See corral ${spec.name} --help` });
}
