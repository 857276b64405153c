// What lies on disk, and what another plugin answers, may be anything: it is read whole or not at all.
import t from 'tap';
import { parseBlockFile, renderBlockFile } from '../../../cni-plugins/ipam/block-file.ts';
import { parseLease, renderLease } from '../../../cni-plugins/ipam/lease.ts';
import { parseResolvConf } from '../../../cni-plugins/ipam/resolv-conf.ts';
import { parseResult } from '../../../cni-plugins/shared/parse-result.ts';
import { renderResult } from '../../../cni-plugins/shared/render-result.ts';
import { supportedVersions } from '../../../cni-plugins/shared/versions.ts';
import { dualBlock as block } from '../../fixtures/blocks.ts';
import { leaseOf } from './ipam/support/lease-of.ts';
import { damaged, seeded } from './support/hostile-inputs.ts';

const many = 2_500;
const result = {
  interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:0a', mtu: 1500, sandbox: '/x' }],
  ips: [{ address: '10.42.7.2/24', gateway: '10.42.7.1', interface: 0 }, { address: 'fd00::2/64' }],
  routes: [{ dst: '0.0.0.0/0', gw: '10.42.7.1', mtu: 1400 }],
  dns: { nameservers: ['192.0.2.1'] },
};
const lease = { ...leaseOf('c1', ['10.42.7.2/24', 'fd00::2/64']), result, config: { a: [1] }, args: { A: 'b' } };

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Each reader, given a damaged text: undefined, or something that it writes and reads again as the same. */
const readers: [string, string, (text: string) => void][] = [
  [
    'lease',
    renderLease(lease),
    (text) => {
      const read = parseLease(text);
      if (read) parseLease(renderLease(read));
      for (const address of read?.addresses ?? []) if (/[/]{2}|\.\.|\0/.test(address)) throw new Error(address);
    },
  ],
  [
    'block',
    JSON.stringify(block),
    (text) => {
      const read = parseBlockFile(text);
      if (read && renderBlockFile(parseBlockFile(renderBlockFile(read))!) !== renderBlockFile(read))
        throw new Error(text);
    },
  ],
  [
    'result',
    JSON.stringify({ ...result, ip4: undefined }),
    (text) => {
      const read = parseResult(json(text));
      for (const version of read ? supportedVersions : []) {
        if (!parseResult(renderResult(read!, version))) throw new Error(`${version} ${text}`);
      }
    },
  ],
  [
    'resolv.conf',
    JSON.stringify('nameserver 192.0.2.1\nsearch a b\n'),
    (text) => void parseResolvConf(String(json(text) ?? text)),
  ],
];

t.test(`${many} damaged texts of each kind are read or refused, soon`, async (t) => {
  for (const [name, sound, read] of readers) {
    const random = seeded(7);
    let slowest = 0;
    const faults: string[] = [];
    for (let at = 0; at < many; at += 1) {
      const text = damaged(json(sound), random);
      const before = process.cpuUsage();
      try {
        read(text);
      } catch (error) {
        if (faults.length < 5) faults.push(`${at}: ${String(error)} ${text.slice(0, 300)}`);
      }
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1000 > slowest) {
        const again = process.cpuUsage();
        read(text);
        const second = process.cpuUsage(again);
        slowest = Math.max(slowest, Math.min((user + system) / 1000, (second.user + second.system) / 1000));
      }
    }
    t.same(faults, [], name);
    t.ok(slowest < 100, `${name}: the slowest took ${slowest} ms`);
  }
});
