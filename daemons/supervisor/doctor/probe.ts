// Asks metadata and DNS as a container would: from here, or from inside a container's namespace (probe-process.ts).
import { createSocket } from 'node:dgram';
import { get } from 'node:http';
import type { Answered } from './judge/services.ts';

export interface ProbeTask {
  readonly address: string;
  /** Port of metadata, if it is to be asked who `self` is. */
  readonly port: number | null;
  /** Names to ask a record of, by a name for the answer. */
  readonly questions: Readonly<Record<string, { readonly name: string; readonly type: keyof typeof types }>>;
  readonly timeoutMs: number;
}

export interface ProbeAnswers {
  readonly self: Answered;
  readonly dns: Readonly<Record<string, Answered>>;
}

const types = { SOA: 6, NS: 2 } as const;
const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;
/** That a name does not exist is an answer as well. */
const answers: readonly string[] = ['NOERROR', 'NXDOMAIN'];
/** A datagram may be lost. */
const againMs = 700;
const mostText = 1_000;

export async function probe({ address, port, questions, timeoutMs }: ProbeTask): Promise<ProbeAnswers> {
  const asked = Object.entries(questions).map(async ([key, { name, type }]) => {
    return [key, await askDns(address, encodeQuestion(name, types[type]), timeoutMs)] as const;
  });
  const self = port === null ? { ok: false as const, why: 'not asked' } : askSelf(address, port, timeoutMs);
  return { self: await self, dns: Object.fromEntries(await Promise.all(asked)) };
}

/** The name that metadata has for whoever asks; empty if it knows nobody at this address. */
function askSelf(host: string, port: number, timeoutMs: number): Promise<Answered> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => {
      const isLate = error.name === 'AbortError' || error.name === 'TimeoutError';
      resolve({ ok: false, why: isLate ? `no answer in ${timeoutMs} ms` : error.message });
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = get({ host, port, path: '/latest/self/container/name', signal, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, mostText);
      });
      incoming.on('error', failed);
      incoming.on('end', () => resolve({ ok: true, text: incoming.statusCode === 200 ? text : '' }));
    });
    outgoing.on('error', failed);
  });
}

function askDns(address: string, question: Buffer, timeoutMs: number): Promise<Answered> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    let isOver = false;
    const end = (answer: Answered): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      clearInterval(again);
      socket.close();
      resolve(answer);
    };
    const send = (): void => {
      socket.send(question, 53, address, (error) => {
        if (error) end({ ok: false, why: error.message }); // no route leads there
      });
    };
    const timer = setTimeout(() => end({ ok: false, why: `no answer in ${timeoutMs} ms` }), timeoutMs);
    const again = setInterval(send, againMs);
    socket.on('error', (error) => end({ ok: false, why: error.message }));
    socket.on('message', (answer) => {
      if (answer.length < 12 || answer.readUInt16BE(0) !== question.readUInt16BE(0)) return;
      const code = answer.readUInt8(3) & 15;
      const words = rcodes[code] ?? `code ${code}`;
      end(answers.includes(words) ? { ok: true, text: words } : { ok: false, why: words });
    });
    send();
  });
}

/** A query of class IN with recursion desired (RFC 1035, section 4.1). */
function encodeQuestion(name: string, type: number): Buffer {
  const id = Math.floor(Math.random() * 65_536);
  const labels = name.split('.').filter((label) => label !== '');
  const encoded = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const header = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...encoded, Buffer.from([0, 0, type, 0, 1])]);
}
