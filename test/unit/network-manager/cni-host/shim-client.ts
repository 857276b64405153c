// What the shim says on cni.sock, for tests.
import { connect } from 'node:net';

export interface Said {
  readonly greeting: string;
  readonly reply: string;
}

/** Waits for the greeting, sends the text (undefined: closes at once), and returns what was said until the end. */
export function say(path: string, text: string | undefined): Promise<Said> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let received = '';
    let greeted = false;
    socket.on('data', (chunk) => {
      received += chunk;
      if (greeted || !received.includes('\n')) return;
      greeted = true;
      if (text === undefined) socket.end();
      else socket.write(text);
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const [greeting = '', reply = ''] = received.split('\n');
      resolve({ greeting, reply });
    });
  });
}

/** One verb; the reply parsed. */
export async function callCni(
  path: string,
  request: { env: Record<string, string>; stdin: string; pid?: number; program?: string },
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const { reply } = await say(path, `${JSON.stringify({ pid: process.pid, ...request })}\n`);
  return JSON.parse(reply);
}
