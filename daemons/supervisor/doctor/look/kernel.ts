// Evidence about the kernel: features, tried in a network namespace that ends with the attempt, and settings.
import { run } from '../../../shared/effects/command.ts';
import { readTextIfPresent } from '../../../shared/effects/files.ts';
import { readSysctl } from '../../../shared/effects/sysctl.ts';
import type { Check } from '../check.ts';
import {
  type Feature,
  featuresFor,
  judgeForwarding,
  judgeKernel,
  judgeKernelLimits,
  judgeReverseFilter,
  type ReverseFilter,
} from '../judge/host.ts';

const link = (...words: string[]): string[] => ['ip', 'link', 'add', 'name', 'probe', 'type', ...words];
/** Any key will do: the namespace ends before a packet could be sent. */
const state = 'ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x100 mode tunnel aead rfc4106(gcm(aes))';

/** Made in a namespace of its own; what the suite would load, these load too. */
const attempts: Readonly<Record<Feature, readonly string[]>> = {
  bridge: link('bridge'),
  veth: link('veth'),
  vxlan: link('vxlan', 'id', '1', 'dstport', '4789'),
  wireguard: link('wireguard'),
  esp: [...state.split(' '), `0x${'11'.repeat(20)}`, '128'],
  iptables: ['iptables', '-t', 'nat', '-w', '2', '-N', 'PROBE'],
  conntrack: ['iptables', '-t', 'filter', '-w', '2', '-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'NEW'],
};

const kernel: Check = {
  id: 'kernel',
  title: 'the kernel has what the networks need',
  look: async (scene) => {
    const networks = await scene.networks();
    const userSpaceEsp = scene.config.overlay.ipsecUserSpace === 'allow';
    const needed = featuresFor(networks.map(({ driver }) => driver));
    const refused = await Promise.all(needed.map(async (feature) => [feature, await refusalOf(feature)] as const));
    const missing = refused.flatMap(([feature, words]) => (words === undefined ? [] : [[feature, words] as const]));
    return judgeKernel(needed, new Map(missing), userSpaceEsp);
  },
};

async function refusalOf(feature: Feature): Promise<string | undefined> {
  try {
    await run('unshare', ['--net', '--', ...attempts[feature]], { timeoutMs: 5_000 });
    return undefined;
  } catch (error) {
    const said = (error as Error).message.split(': ').slice(-2).join(': ');
    return said.slice(0, 120);
  }
}

const forwarding: Check = {
  id: 'forwarding',
  title: 'the host forwards packets',
  look: async (scene) => {
    const isWanted = (await scene.networks()).some(({ isIpv6 }) => isIpv6);
    return judgeForwarding(readSysctl('net/ipv4/ip_forward'), {
      isWanted,
      value: readSysctl('net/ipv6/conf/all/forwarding'),
    });
  },
};

const reverseFilter: Check = {
  id: 'rp-filter',
  title: 'forged senders are dropped, answers are not',
  look: async (scene) => {
    const [networks, routes, links] = await Promise.all([scene.networks(), scene.routes(), scene.links()]);
    const uplinks = new Set(
      routes.flatMap(({ dst, index }) => (dst.prefix === 0 && index !== undefined ? [index] : [])),
    );
    const bridges = new Set(networks.map(({ bridge }) => bridge));
    const filterOf = (device: string): number => Number(readSysctl(`net/ipv4/conf/${device}/rp_filter`) ?? 0);
    const seen = links.flatMap(({ name, index }): ReverseFilter[] => {
      if (bridges.has(name)) return [{ device: name, role: 'bridge', value: filterOf(name) }];
      return uplinks.has(index) ? [{ device: name, role: 'uplink', value: filterOf(name) }] : [];
    });
    return judgeReverseFilter(filterOf('all'), seen, uplinks.size);
  },
};

const limits: Check = {
  id: 'kernel-limits',
  title: 'the tables of connections and neighbours have room',
  look: () => {
    const number = (key: string): number | null => {
      const text = readSysctl(key);
      return text === undefined ? null : Number(text);
    };
    const arp = readTextIfPresent('/proc/net/arp', 16 << 20) ?? '';
    return judgeKernelLimits({
      flows: number('net/netfilter/nf_conntrack_count'),
      mostFlows: number('net/netfilter/nf_conntrack_max'),
      neighbours: Math.max(0, arp.trimEnd().split('\n').length - 1),
      mostNeighbours: number('net/ipv4/neigh/default/gc_thresh3'),
      routeLocalnetAll: readSysctl('net/ipv4/conf/all/route_localnet'),
    });
  },
};

export const kernelChecks: readonly Check[] = [kernel, forwarding, reverseFilter, limits];
