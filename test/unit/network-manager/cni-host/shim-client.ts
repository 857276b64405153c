// What the shim says on cni.sock, for tests.
import { connect } from 'node:net';

export interface Said {
  readonly greeting: string;
  readonly reply: string;
}

export interface Request {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly pid?: number;
  readonly program?: string;
}

export interface Reply {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Waits for the greeting, sends the text (undefined: closes at once), and returns what was said until the end. */
export function say(path: string, text: string | undefined): Promise<Said> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const chunks: Buffer[] = [];
    let greeted = false;
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (greeted || !chunk.includes('\n')) return;
      greeted = true;
      if (text === undefined) socket.end();
      else socket.write(text);
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const received = Buffer.concat(chunks).toString('utf8');
      const end = received.indexOf('\n') + 1;
      resolve({ greeting: received.slice(0, Math.max(end - 1, 0)), reply: received.slice(end) });
    });
  });
}

export function renderRequest({ env, stdin, pid = process.pid, program }: Request): string {
  const all = { ...env, ...(program !== undefined && { CORRAL_CNI_PROGRAM: program }) };
  const variables = Object.entries(all).map(([name, value]) => `${name}=${value}\0`);
  const text = variables.join('');
  return `request ${pid} ${Buffer.byteLength(text)} ${Buffer.byteLength(stdin)}\n${text}${stdin}`;
}

export function parseReply(text: string): Reply {
  const [head = ''] = text.split('\n', 1);
  const match = /^reply (\d) (\d+) (\d+)$/.exec(head);
  const [exitCode = -1, out = 0, err = 0] = match?.slice(1).map(Number) ?? [];
  const bytes = Buffer.from(text.slice(head.length + 1));
  if (!match || bytes.length !== out + err) throw new Error(`no reply: ${text.slice(0, 100)}`);
  return { exitCode, stdout: bytes.toString('utf8', 0, out), stderr: bytes.toString('utf8', out) };
}

/** One verb; the reply parsed. */
export async function callCni(path: string, request: Request): Promise<Reply> {
  return parseReply((await say(path, renderRequest(request))).reply);
}
