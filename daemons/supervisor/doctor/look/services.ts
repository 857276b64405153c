// Evidence about what containers ask, engines, the store, and what is left over.
import { existsSync } from 'node:fs';
import { hasCode } from '../../../shared/model/errors.ts';
import { callJson } from '../../../shared/source/call.ts';
import type { NetworkList } from '../../cli/render-cluster.ts';
import type { Check } from '../check.ts';
import { judgeClock } from '../judge/host.ts';
import {
  type ContainerSight,
  type EngineSight,
  judgeContainerView,
  judgeDns,
  judgeEngines,
  judgeEtcd,
  judgeLeftovers,
} from '../judge/services.ts';
import { probe } from '../probe.ts';
import { probeInside } from '../probe-inside.ts';
import { askMs, type Scene } from '../scene.ts';

const dns: Check = {
  id: 'dns',
  title: 'names are answered, own ones and others',
  look: async ({ config }) => {
    const { address } = config.metadata;
    const questions = { zone: { name: config.dns.zone, type: 'SOA' }, upstream: { name: '.', type: 'NS' } } as const;
    const { dns: answers } = await probe({ address, port: null, questions, timeoutMs: askMs });
    return judgeDns({ zone: answers.zone!, upstream: answers.upstream! }, address);
  },
};

/** A process each: enough to see whether it is one container or all of them. */
const mostAsked = 3;

const containerView: Check = {
  id: 'container-view',
  title: 'containers reach metadata and DNS',
  look: async (scene) => {
    const { config } = scene;
    const { address, port } = config.metadata;
    const questions = { zone: { name: config.dns.zone, type: 'SOA' } } as const;
    const asked = scene.leases().filter(({ isThere }) => isThere);
    const sights = await Promise.all(
      asked.slice(0, mostAsked).map(async ({ name, netnsPath }): Promise<ContainerSight[]> => {
        try {
          const { self, dns: answers } = await probeInside(netnsPath, { address, port, questions, timeoutMs: askMs });
          return [{ container: name, self, zone: answers.zone! }];
        } catch (error) {
          if (hasCode(error, 'COMMAND_FAILED')) return []; // it ends just now
          throw error;
        }
      }),
    );
    return judgeContainerView(sights.flat());
  },
};

const engines: Check = {
  id: 'engine',
  title: 'the container engines answer',
  look: async ({ config }) => judgeEngines(await Promise.all(config.engines.map(seeEngine))),
};

async function seeEngine({ kind, socket }: { kind: string; socket: string }): Promise<EngineSight> {
  if (!existsSync(socket)) return { kind, socket, isThere: false, version: { ok: false, why: 'no socket' } };
  try {
    const told = await callJson<{ Version?: string; ApiVersion?: string }>(socket, '/version', { timeoutMs: askMs });
    const version = { ok: true as const, text: String(told.Version), ...(told.ApiVersion && { api: told.ApiVersion }) };
    return { kind, socket, isThere: true, version };
  } catch (error) {
    return { kind, socket, isThere: true, version: { ok: false, why: (error as Error).message } };
  }
}

const etcd: Check = {
  id: 'etcd',
  title: 'the store that the hosts share is healthy',
  look: async (scene) => {
    const [sights, state] = await Promise.all([
      scene.etcd(),
      scene.store().then(
        (told) => told.state,
        () => null,
      ),
    ]);
    return judgeEtcd(sights, state);
  },
};

const clock: Check = {
  id: 'clock',
  title: 'the clock agrees with those of the store',
  look: async (scene) => {
    const sights = await scene.etcd();
    return judgeClock(
      sights.flatMap(({ endpoint, aheadSeconds }) => (aheadSeconds === null ? [] : [{ who: endpoint, aheadSeconds }])),
    );
  },
};

const leftovers: Check = {
  id: 'leftovers',
  title: 'every device, link and lease has its owner',
  look: async (scene) => {
    const links = await scene.links();
    const known = await knownNetworks(scene);
    const leases = scene.leases();
    const leased = new Set(leases.map(({ hostVeth }) => hostVeth));
    const devices = links.filter(({ kind, alias }) => {
      const network = /^corral:([^:]+)$/.exec(alias ?? '')?.[1];
      return kind === 'bridge' && network !== undefined && known !== undefined && !known.has(network);
    });
    const loose = links.filter(({ kind, alias, name }) => {
      return kind === 'veth' && /^corral:[^:]+:[^:]+:[^:]+$/.test(alias ?? '') && !leased.has(name);
    });
    return judgeLeftovers({
      devices: devices.map(({ name }) => name),
      links: loose.map(({ name }) => name),
      leases: leases.filter(({ isThere }) => !isThere).map(({ name, ip }) => `${name} (${ip})`),
    });
  },
};

/** Undefined when metadata does not answer: the file alone does not know what the cluster has. */
async function knownNetworks(scene: Scene): Promise<ReadonlySet<string> | undefined> {
  try {
    const { networks } = await scene.ask<NetworkList>('metadata', '/v1/networks');
    return new Set(networks.map(({ name }) => name));
  } catch {
    return undefined;
  }
}

export const serviceChecks: readonly Check[] = [dns, containerView, engines, etcd, clock, leftovers];
