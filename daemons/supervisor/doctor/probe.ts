// Asks metadata and DNS as a container would. The function is also run as a program of its own inside a container's network
// namespace, from its own text, so it uses nothing of this module.
import { run } from '../../shared/effects/command.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { Answered } from './judge/services.ts';

export interface ProbeTask {
  readonly address: string;
  /** Port of metadata, if it is to be asked who `self` is. */
  readonly port: number | null;
  /** Names to ask the SOA or NS record of, by a name for the answer. */
  readonly questions: Readonly<Record<string, { readonly name: string; readonly type: 'SOA' | 'NS' }>>;
  readonly timeoutMs: number;
}

export interface ProbeAnswers {
  readonly self: Answered;
  readonly dns: Readonly<Record<string, Answered>>;
}

export async function probe(task: ProbeTask): Promise<ProbeAnswers> {
  const { createSocket } = await import('node:dgram');
  const { get } = await import('node:http');
  const self = (port: number): Promise<Answered> => {
    return new Promise((resolve) => {
      const path = '/latest/self/container/name';
      const signal = AbortSignal.timeout(task.timeoutMs);
      const outgoing = get({ host: task.address, port, path, signal, agent: false }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => {
          text = (text + chunk).slice(0, 1_000);
        });
        incoming.on('error', (error) => resolve({ ok: false, why: error.message }));
        incoming.on('end', () => resolve(incoming.statusCode === 200 ? { ok: true, text } : { ok: true, text: '' }));
      });
      outgoing.on('error', (error) => {
        const isLate = error.name === 'AbortError' || error.name === 'TimeoutError';
        resolve({ ok: false, why: isLate ? `no answer in ${task.timeoutMs} ms` : error.message });
      });
    });
  };
  const ask = (name: string, type: 'SOA' | 'NS'): Promise<Answered> => {
    return new Promise((resolve) => {
      const id = Math.floor(Math.random() * 65_536);
      const labels = name.split('.').filter((label) => label !== '');
      const encoded = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
      const header = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
      const question = Buffer.concat([header, ...encoded, Buffer.from([0, 0, type === 'SOA' ? 6 : 2, 0, 1])]);
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
        socket.send(question, 53, task.address, (error) => {
          if (error) end({ ok: false, why: error.message }); // no route leads there
        });
      };
      const timer = setTimeout(() => end({ ok: false, why: `no answer in ${task.timeoutMs} ms` }), task.timeoutMs);
      const again = setInterval(send, 700); // a datagram may be lost
      socket.on('error', (error) => end({ ok: false, why: error.message }));
      socket.on('message', (answer) => {
        if (answer.length < 12 || answer.readUInt16BE(0) !== id) return;
        const code = answer[3]! & 15;
        const words = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'][code] ?? `code ${code}`;
        end(code === 0 || code === 3 ? { ok: true, text: words } : { ok: false, why: words });
      });
      send();
    });
  };
  const names = Object.entries(task.questions);
  const [who, ...answers] = await Promise.all([
    task.port === null ? { ok: false as const, why: 'not asked' } : self(task.port),
    ...names.map(([, { name, type }]) => ask(name, type)),
  ]);
  return { self: who, dns: Object.fromEntries(names.map(([key], at) => [key, answers[at]!])) };
}

/** The same from inside a network namespace. @throws SuiteError COMMAND_*, PROTOCOL. */
export async function probeInside(netnsPath: string, task: ProbeTask): Promise<ProbeAnswers> {
  const program = `(${probe.toString()})(${JSON.stringify(task)}).then((found) => console.log(JSON.stringify(found)))`;
  const words = [`--net=${netnsPath}`, '--', process.execPath, '--no-warnings', '-e', program];
  const { stdout } = await run('nsenter', words, { timeoutMs: task.timeoutMs + 4_000 });
  try {
    return JSON.parse(stdout) as ProbeAnswers;
  } catch (cause) {
    throw new SuiteError('PROTOCOL', `ask from ${netnsPath}`, { cause });
  }
}
