// The whole way of a question but for the sockets: bytes in, bytes out, before a scripted upstream and a clock of its own.
import { mock } from 'node:test';
import { noAnswers } from '../../../../../daemons/dns/answers.ts';
import { rrType } from '../../../../../daemons/dns/dns-codes.ts';
import { FailureCache } from '../../../../../daemons/dns/failure-cache.ts';
import { Forwarder } from '../../../../../daemons/dns/forward.ts';
import { NameIndex } from '../../../../../daemons/dns/name-index.ts';
import { parseAnswers } from '../../../../../daemons/dns/parse-answers.ts';
import type { Transport } from '../../../../../daemons/dns/query.ts';
import { ReplyCache } from '../../../../../daemons/dns/reply-cache.ts';
import { Resolver } from '../../../../../daemons/dns/resolver.ts';
import { UpstreamSets } from '../../../../../daemons/dns/upstream-sets.ts';
import { nameOfUpstream, toUpstreams, UpstreamHealth } from '../../../../../daemons/dns/upstreams.ts';
import { Views } from '../../../../../daemons/dns/views.ts';
import { type Ipv4, parseCidr4, parseIpv4 } from '../../../../../daemons/shared/model/ipv4.ts';
import type { SnapshotObject } from '../../../../../daemons/shared/model/objects.ts';
import { Snapshot } from '../../../../../daemons/shared/model/snapshot.ts';
import { hostId } from '../objects.ts';
import { type QueryWish, queryBytes, shown } from '../packets.ts';
import { type UpstreamManner, upstreamExchange } from './upstream.ts';

export interface Asking extends QueryWish {
  readonly from?: string;
  readonly transport?: Transport;
}

export interface BenchOptions {
  readonly answers?: unknown;
  readonly objects?: readonly SnapshotObject[];
  readonly ttl?: number;
  /** Upstreams of the host, unless the file names others. */
  readonly upstreams?: Readonly<Record<string, UpstreamManner>>;
}

export interface Bench {
  /** `NOERROR aa | answers | authority`, see packets.ts; `silence` for no reply. */
  ask(question: string, asking?: Asking): Promise<string>;
  send(bytes: Uint8Array, asking?: Asking): Promise<Buffer | undefined>;
  /** `host:port name type`, in the order of asking. */
  readonly asked: string[];
  /** Seconds go by. */
  pass(seconds: number): void;
  clock(): number;
  readonly manners: Record<string, UpstreamManner>;
}

export const ip = (text: string): Ipv4 => parseIpv4(text)!;

/** Needs `mock.timers` with setTimeout. */
export function makeBench({
  answers,
  objects = [],
  ttl = 600,
  upstreams = { '192.0.2.53': 'good' },
}: BenchOptions): Bench {
  let clock = 0;
  const now = (): number => clock;
  const asked: string[] = [];
  const manners = { ...upstreams };
  const index = new NameIndex({ zone: 'rancher.internal', serviceAddress: ip('169.254.169.250') });
  index.useAnswers(answers === undefined ? noAnswers : parseAnswers(answers).answers);
  const change = { put: objects, drop: [] };
  index.update(Snapshot.empty(hostId).apply(change, { revision: 7, complete: true }), change);
  const filed = index.answers.common.recurse;
  const common = toUpstreams(filed.length > 0 ? filed : Object.keys(manners), '169.254.169.250');
  const sets = new UpstreamSets();
  sets.use({ common, domains: new Map() });
  const health = new UpstreamHealth();
  health.use(common);
  const exchange = upstreamExchange((upstream, query) => {
    asked.push(`${nameOfUpstream(upstream)} ${query.name} ${query.type}`);
    return manners[upstream.host] ?? 'silent';
  });
  const limits = { maxForwards: 256, maxWaiting: 4096, onTry: () => {}, onDone: () => {} };
  const forwarder = new Forwarder({
    exchange,
    health,
    sets,
    cache: new ReplyCache(),
    failures: new FailureCache(),
    now,
    ...limits,
  });
  const views = new Views(index);
  const resolver = new Resolver({
    index,
    settings: { ttl, subnets: [parseCidr4('10.42.0.0/16')!], shuffle: (list) => list },
    forwarder,
    probe: { sees: () => false },
    viewOf: (source) => views.of(source),
    onReply: () => {},
    onMalformed: () => {},
    snapshotWaitMs: 1_500,
  });
  const send: Bench['send'] = async (bytes, asking = {}) => {
    let settled: { readonly reply: Uint8Array | undefined } | undefined;
    const handled = resolver.handle(bytes, ip(asking.from ?? '127.0.0.1'), asking.transport ?? 'udp');
    void Promise.resolve(handled).then((reply) => (settled = { reply }));
    for (let waited = 0; waited < 10_000; waited += 50) {
      for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
      if (settled) return settled.reply && Buffer.from(settled.reply);
      clock += 50;
      mock.timers.tick(50);
    }
    throw new Error('never answered');
  };
  const ask: Bench['ask'] = async (question, asking = {}) => {
    const [name = '', type = 'A'] = question.split(' ');
    const reply = await send(queryBytes(name, { type: rrType[type as keyof typeof rrType], ...asking }), asking);
    return reply ? shown(reply) : 'silence';
  };
  const pass = (seconds: number): void => {
    clock += seconds * 1000;
  };
  return { ask, send, asked, pass, clock: now, manners };
}
