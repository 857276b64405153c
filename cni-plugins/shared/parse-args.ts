// Pure: CNI_ARGS, `K=V;K=V`.
import { CniError, cniCodes } from './errors.ts';

/** Keys that the plugins read, and those that runtimes always pass. Rancher's names first. */
const known = new Set([
  'IgnoreUnknown',
  'DOCKER',
  'RancherContainerUUID',
  'LinkMTUOverhead',
  'MACAddress',
  'IPAddress',
  'MAC',
  'IP',
]);
const maxLength = 65536;

/** Throws CNI code 4 for a pair without exactly one `=`, or for an unknown key unless IgnoreUnknown is set. */
export function parseArgs(text: string): Record<string, string> {
  if (text.length > maxLength) throw refused(`CNI_ARGS has more than ${maxLength} characters`);
  const args = new Map<string, string>();
  for (const pair of text.split(';')) {
    if (pair === '') continue;
    const [key, value, ...more] = pair.split('=');
    if (!key || value === undefined || more.length > 0) {
      throw refused(`CNI_ARGS holds ${JSON.stringify(pair.slice(0, 100))}`, 'expected KEY=VALUE;KEY=VALUE');
    }
    args.set(key, value);
  }
  const ignore = ['1', 'true', 'TRUE', 'True', 't', 'T'].includes(args.get('IgnoreUnknown') ?? '');
  const unknown = ignore ? undefined : [...args.keys()].find((key) => !known.has(key) && !key.startsWith('K8S_POD_'));
  if (unknown !== undefined) {
    throw refused(
      `CNI_ARGS holds the unknown key ${JSON.stringify(unknown.slice(0, 100))}`,
      'IgnoreUnknown=1 permits it',
    );
  }
  return Object.fromEntries(args);
}

function refused(message: string, details = ''): CniError {
  return new CniError(cniCodes.badEnvironment, message, details);
}
