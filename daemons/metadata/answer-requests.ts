// What becomes of a request that is let in: it is answered from what is kept ready, after some rendering, or when there is news.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Metrics } from '../shared/daemon/metrics.ts';
import type { Ip } from '../shared/model/ip.ts';
import type { Cidr4 } from '../shared/model/ipv4.ts';
import { type Answer, draftAnswer, fromOf, type Trees } from './answer.ts';
import { AnswerCache } from './answer-cache.ts';
import type { Catalog } from './catalog.ts';
import { hasTag } from './entity-tag.ts';
import { callerOf } from './http-caller.ts';
import { parseTarget } from './http-target.ts';
import { LongPolls } from './long-polls.ts';
import { parsePoll } from './poll-request.ts';
import { SendBudget } from './send-budget.ts';

export interface AnswerRequestsOptions {
  readonly catalog: Catalog;
  readonly trees: Trees;
  readonly metrics: Metrics;
  /** Proxies whose X-Forwarded-For counts, as configured now. */
  readonly trusted: () => readonly Cidr4[];
}

const tooMuch = {
  headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff', 'Retry-After': '1' },
  text: 'Too many large answers are on their way\n',
};

export class AnswerRequests {
  readonly #options: AnswerRequestsOptions;
  readonly #cache: AnswerCache;
  readonly #polls: LongPolls;
  readonly #budget = new SendBudget();
  /** Connections whose request is held: they may be silent. */
  readonly #held = new WeakSet<Socket>();
  #served = 0;

  constructor(options: AnswerRequestsOptions) {
    this.#options = options;
    this.#cache = new AnswerCache(options);
    this.#polls = new LongPolls(options);
    this.#measure(options.metrics);
  }

  isHeld(socket: Socket): boolean {
    return this.#held.has(socket);
  }

  /** What bears these names has changed. */
  touched(names: ReadonlySet<string>): void {
    this.#cache.touched(names);
    this.#polls.touched(names);
  }

  /** Nothing is kept ready and nobody waits: a change concerns nobody. */
  get isIdle(): boolean {
    return this.#cache.isEmpty && this.#polls.size === 0;
  }

  close(): void {
    this.#polls.close();
  }

  /** `peer` is who is connected. */
  serve(request: IncomingMessage, response: ServerResponse, peer: Ip): void {
    const forwarded = request.headers['x-forwarded-for'];
    const first = Array.isArray(forwarded) ? forwarded[0] : forwarded;
    const caller = callerOf(peer, first, this.#options.trusted());
    if (!this.#hold(request, response, peer, caller)) this.#answerNow(request, response, caller);
  }

  /** True if the request waits now. */
  #hold(request: IncomingMessage, response: ServerResponse, peer: Ip, caller: Ip | undefined): boolean {
    const { method, url: target = '/', socket } = request;
    if (!target.includes('wait') || (method !== 'GET' && method !== 'HEAD')) return false;
    const parsed = parseTarget(target);
    const poll = parsed.kind === 'value' ? parsePoll(parsed) : undefined;
    if (!poll) return false;
    const wake = (): void => {
      this.#held.delete(socket);
      this.#answerNow(request, response, caller);
    };
    const giveUp = this.#polls.hold(poll, { peer, caller, wake });
    if (!giveUp) return false;
    this.#held.add(socket);
    response.on('close', giveUp);
    return true;
  }

  #answerNow(request: IncomingMessage, response: ServerResponse, caller: Ip | undefined): void {
    const { catalog, trees } = this.#options;
    const { method = 'GET', url: target = '/', headers } = request;
    const { accept } = headers;
    const self = caller === undefined ? undefined : catalog.containerAt(caller);
    const from = fromOf(trees, caller);
    const key = `${self?.id ?? ''}${from === undefined ? '' : ` ${from}`}\n${method === 'HEAD' ? 'GET' : method}\n${accept ?? ''}\n${target}`;
    const known = this.#cache.get(key);
    if (known) this.#respond(request, response, known);
    else {
      const begin = () => draftAnswer(trees, { method, target, accept, self, from });
      this.#cache.make(key, begin, (answer) => this.#respond(request, response, answer));
    }
  }

  #respond(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    this.#served += 1;
    const known = request.headers['if-none-match'];
    if (known !== undefined && answer.tag !== undefined && hasTag(known, answer.tag)) {
      response.writeHead(304, { ETag: answer.tag, 'Access-Control-Allow-Origin': '*' }).end();
      return;
    }
    if (!this.#budget.take(answer, response)) {
      response.writeHead(503, tooMuch.headers).end(tooMuch.text);
      return;
    }
    response.writeHead(answer.status, answer.headers as string[]);
    const { content } = answer;
    if (request.method === 'HEAD') response.end();
    else if (typeof content === 'string') response.end(content, 'latin1');
    else {
      for (const part of content.slice(0, -1)) response.write(part);
      response.end(content.at(-1));
    }
  }

  #measure(metrics: Metrics): void {
    const [cache, polls, budget] = [this.#cache, this.#polls, this.#budget];
    metrics.count('corral_metadata_requests_total', 'Requests answered', () => this.#served);
    metrics.count(
      'corral_metadata_answers_refused_total',
      'Large answers refused for want of room',
      () => budget.refused,
    );
    metrics.gauge('corral_metadata_answers_kept', 'Answers kept ready', () => cache.size);
    metrics.gauge('corral_metadata_long_polls', 'Requests held until something changes', () => polls.size);
    metrics.count('corral_metadata_long_polls_woken_total', 'Long polls answered for news', () => polls.woken);
    metrics.gauge(
      'corral_metadata_long_polls_refused',
      'Long polls answered at once for want of room',
      () => polls.refused,
    );
  }
}
