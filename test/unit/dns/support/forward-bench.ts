// A forwarder before upstreams with manners, and a log of who was asked when. Needs `mock.timers` with setTimeout.
import { mock } from 'node:test';
import { rrType } from '../../../../daemons/dns/dns-codes.ts';
import { encodeReply } from '../../../../daemons/dns/encode-reply.ts';
import type { Exchange, UpstreamReply } from '../../../../daemons/dns/exchange.ts';
import { FailureCache } from '../../../../daemons/dns/failure-cache.ts';
import { Forwarder } from '../../../../daemons/dns/forward.ts';
import { makeQuery, type Query } from '../../../../daemons/dns/query.ts';
import { readReply } from '../../../../daemons/dns/read-reply.ts';
import { addressRecord, bareReply, type Reply } from '../../../../daemons/dns/records.ts';
import { relayTo } from '../../../../daemons/dns/relay-reply.ts';
import { ReplyCache } from '../../../../daemons/dns/reply-cache.ts';
import { UpstreamSets } from '../../../../daemons/dns/upstream-sets.ts';
import { toUpstreams, type Upstream, UpstreamHealth } from '../../../../daemons/dns/upstreams.ts';
import { type Ipv4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import { shown } from './packets.ts';

export const own = '169.254.169.250';
export const ask = (name = 'www.up.test'): Query => makeQuery(name, rrType.A)!;

function upstreamReply(query: Query, reply: Reply): UpstreamReply {
  const message = encodeReply(query, reply);
  return { message, shape: readReply(message)! };
}
const good = (query: Query, ttl = 100): UpstreamReply =>
  upstreamReply(query, { ...bareReply(0), answers: [addressRecord(query.name, ttl, parseIpv4('192.0.2.1') as Ipv4)] });

/** With an SOA, which would allow to keep it, were it "nothing there". */
const soa = { primary: 'ns.up', mailbox: 'h.up', serial: 1, negativeTtl: 60 };
const failure: Reply = {
  ...bareReply(2),
  authority: [{ owner: 'up', type: rrType.SOA, ttl: 60, data: { kind: 'soa', soa } }],
};

export type Manner = 'good' | 'silent' | 'refused' | 'servfail' | `after ${number}` | `fails ${number}`;

/** A forwarder before upstreams with these manners, and a log of who was asked when. */
export function bench(manners: Record<string, Manner>, limits = { maxForwards: 256, maxWaiting: 4096 }) {
  let clock = 0;
  const log: string[] = [];
  const health = new UpstreamHealth();
  health.use(toUpstreams(Object.keys(manners), own));
  const exchange: Exchange = (upstream: Upstream, query, signal) => {
    log.push(`${clock} ${upstream.host}`);
    const manner = manners[upstream.host]!;
    if (manner === 'good') return Promise.resolve(good(query));
    if (manner === 'refused') return Promise.reject(new Error('ECONNREFUSED'));
    if (manner === 'servfail') return Promise.resolve(upstreamReply(query, failure));
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      const settle = (): void =>
        manner.startsWith('fails') ? reject(new Error('EHOSTUNREACH')) : resolve(good(query));
      if (manner !== 'silent') setTimeout(settle, Number(manner.slice(6)));
    });
  };
  const cache = new ReplyCache();
  const tries: string[] = [];
  const onTry = (upstream: Upstream, seconds: number | undefined): void =>
    void tries.push(`${upstream.host} ${seconds ?? 'failed'}`);
  const sets = new UpstreamSets();
  sets.use({ common: health.list, domains: new Map() });
  const forwarder = new Forwarder({
    exchange,
    health,
    sets,
    cache,
    failures: new FailureCache(),
    now: () => clock,
    ...limits,
    onTry,
    onDone: () => {},
  });
  const run = async (query = ask()): Promise<string> => {
    const begun = clock;
    let settled: string | undefined;
    void forwarder.forward(query, []).then((found) => {
      settled = `${found.outcome === 'reply' ? `${found.path} ${shown(relayTo(query, found.reply, found.path === 'stale' ? 'stale' : found.ageSeconds))}` : found.outcome}`;
    });
    for (;;) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      if (settled !== undefined) return `${settled} @${clock - begun}`;
      if (clock - begun > 10_000) return 'never';
      clock += 50;
      mock.timers.tick(50);
    }
  };
  return { forwarder, health, log, tries, run, cache, pass: (ms: number) => (clock += ms) };
}
