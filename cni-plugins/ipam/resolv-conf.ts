// `ipam.resolvConf` of host-local: a resolver's file whose content goes into the result.
import { readText } from '../../daemons/shared/effects/files.ts';
import type { Call } from '../shared/call.ts';
import { isObject, textOf } from '../shared/json.ts';
import { badConfig } from '../shared/parse-config.ts';
import type { CniDns } from '../shared/result.ts';

const maxBytes = 64 << 10;
const maxEach = 64;

/** Undefined if the configuration names no file. @throws SuiteError FILE_UNREADABLE, CniError 7 for a relative path. */
export function readResolvConf({ conf, callerRoot }: Call): CniDns | undefined {
  const path = isObject(conf.raw.ipam) ? (conf.raw.ipam.resolvConf ?? '') : '';
  if (path === '') return undefined;
  const text = textOf(path, 4096);
  if (!text?.startsWith('/')) throw badConfig('ipam.resolvConf is not an absolute path');
  return parseResolvConf(readText(`${callerRoot}${text}`, maxBytes));
}

/** resolv.conf(5): the last `domain` counts, and of `search`; the other lines add up. */
export function parseResolvConf(text: string): CniDns {
  const nameservers: string[] = [];
  const options: string[] = [];
  let search: string[] = [];
  let domain = '';
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, '')
      .split(/\s+/)
      .filter((word) => textOf(word) && word !== '');
    if (keyword === 'nameserver') nameservers.push(...words.slice(0, 1));
    else if (keyword === 'domain') domain = words[0] ?? '';
    else if (keyword === 'search') search = words;
    else if (keyword === 'options') options.push(...words);
  }
  return {
    ...(nameservers.length > 0 && { nameservers: nameservers.slice(0, maxEach) }),
    ...(domain !== '' && { domain }),
    ...(search.length > 0 && { search: search.slice(0, maxEach) }),
    ...(options.length > 0 && { options: options.slice(0, maxEach) }),
  };
}
