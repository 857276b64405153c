// metadata's part for addresses of flat networks, as a real server on a unix socket: one owner an address, the same owner gets
// the same again.
import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Test } from 'tap';
import { daemonSocket, type Paths } from '../../../../daemons/shared/model/paths.ts';

export interface ClaimsServer {
  /** Address to owner. */
  readonly claims: Map<string, string>;
  readonly asked: { method: string; body: Record<string, unknown> }[];
  /** What it answers instead, while set. */
  refusal: { status: number; code: string } | undefined;
}

/** Gives 10.43.0.2 and up. */
export async function serveClaims(t: Test, paths: Paths): Promise<ClaimsServer> {
  const state: ClaimsServer = { claims: new Map(), asked: [], refusal: undefined };
  mkdirSync(paths.run, { recursive: true });
  const server = createServer((request, response) => void answer(state, request, response));
  await new Promise<void>((listening) => server.listen(daemonSocket(paths, 'metadata'), listening));
  t.teardown(() => new Promise((closed) => server.close(closed)));
  return state;
}

async function answer(state: ClaimsServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request) text += chunk;
  const body = JSON.parse(text) as { owner: string; ip: string | null; exclude?: string[] };
  const method = request.method ?? '';
  state.asked.push({ method, body });
  const reply = (status: number, value: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
  if (state.refusal) return reply(state.refusal.status, { code: state.refusal.code, message: 'as the test wants it' });
  if (method === 'DELETE') {
    const released = state.claims.get(body.ip!) === body.owner && state.claims.delete(body.ip!);
    return reply(200, { released });
  }
  const mine = [...state.claims].find(([, owner]) => owner === body.owner)?.[0];
  const free = Array.from({ length: 50 }, (_, at) => `10.43.0.${at + 2}`).find(
    (one) => !state.claims.has(one) && !body.exclude?.includes(one),
  );
  const ip = body.ip ?? mine ?? free!;
  const owner = state.claims.get(ip);
  if (owner !== undefined && owner !== body.owner) {
    return reply(409, { code: 'ADDRESS_TAKEN', message: `claim ${ip}: ${owner} has it` });
  }
  state.claims.set(ip, body.owner);
  reply(200, { ip });
}
