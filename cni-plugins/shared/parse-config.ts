// Pure: the network configuration on stdin, as far as every plugin needs it.
import { isNetworkName } from '../../daemons/shared/model/networks.ts';
import { quote } from './environment.ts';
import { CniError, cniCodes } from './errors.ts';
import { isObject, type JsonObject, maxConfigBytes } from './json.ts';
import { parseResult } from './parse-result.ts';
import type { CniResult } from './result.ts';
import { atLeast, type CniVersion, isSupported, supportedVersions } from './versions.ts';

export interface NetConf {
  readonly cniVersion: CniVersion;
  readonly name: string;
  readonly type: string;
  readonly prevResult: CniResult | undefined;
  /** The whole object without prevResult. */
  readonly raw: JsonObject;
  /** prevResult as it came, for a delegate. */
  readonly rawPrevResult: unknown;
}

/** Throws CNI code 6 (not JSON), 1 (version) or 7 (a key of a wrong type). */
export function parseNetConf(stdin: string): NetConf {
  if (Buffer.byteLength(stdin) > maxConfigBytes) {
    throw new CniError(cniCodes.decode, `the configuration has more than ${maxConfigBytes} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(stdin);
  } catch (error) {
    throw new CniError(
      cniCodes.decode,
      'the configuration on stdin is not JSON',
      error instanceof Error ? error.message : '',
    );
  }
  if (!isObject(value)) throw new CniError(cniCodes.decode, 'the configuration on stdin is not a JSON object');
  return netConfOf(value);
}

/** The same for a configuration that is already an object. */
export function netConfOf(value: JsonObject): NetConf {
  const cniVersion = value.cniVersion ?? '0.1.0'; // what its absence meant when there was only one
  if (!isSupported(cniVersion)) {
    const shown = quote(String(cniVersion));
    throw new CniError(
      cniCodes.incompatibleVersion,
      `cniVersion ${shown}`,
      `supported are ${supportedVersions.join(', ')}`,
    );
  }
  if (typeof value.name !== 'string' || !isNetworkName(value.name)) {
    const rule = 'letters, digits, _ . -, starting with a letter or digit, at most 63';
    throw badConfig(`the network's name is ${quote(String(value.name ?? ''))}`, `expected ${rule}`);
  }
  const { prevResult: previous, ...raw } = value;
  const prevResult = previous === undefined || previous === null ? undefined : parseResult(previous);
  if (previous && !prevResult) throw badConfig('prevResult is not a result');
  const type = typeof value.type === 'string' ? value.type : '';
  return { cniVersion, name: value.name, type, prevResult, raw, rawPrevResult: previous };
}

/** A verb came with a version of the protocol. Throws code 1. */
export function requireVersion(config: NetConf, verb: string, oldest: CniVersion): void {
  if (atLeast(config.cniVersion, oldest)) return;
  const attempted = `${verb} with cniVersion ${config.cniVersion}`;
  throw new CniError(cniCodes.incompatibleVersion, attempted, `needs ${oldest} or newer`);
}

/** CHECK exists since 0.4.0 and needs the result that it checks. Throws code 1 or 7. */
export function requirePrevResult(config: NetConf): CniResult {
  requireVersion(config, 'CHECK', '0.4.0');
  if (!config.prevResult) throw badConfig('CHECK needs prevResult');
  return config.prevResult;
}

export function badConfig(message: string, details = ''): CniError {
  return new CniError(cniCodes.badConfig, message, details);
}
