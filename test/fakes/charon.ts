// A charon with a memory, behind a VICI socket: what is loaded is listed, what is initiated stands, and what it refuses the real
// one refuses too.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import {
  decodePacket,
  encodePacket,
  PacketReader,
  type ViciInput,
  type ViciSection,
  type ViciValue,
} from '../../daemons/overlay/ipsec/vici-codec.ts';

interface FakeSa {
  readonly ike: number;
  readonly connection: string;
  readonly child: string;
}

export class FakeCharon {
  readonly socket: string;
  readonly connections = new Map<string, ViciSection>();
  readonly keys = new Set<string>();
  /** Every command, in order. */
  readonly asked: string[] = [];
  sas: FakeSa[] = [];
  traps: { readonly ike: string; readonly child: string }[] = [];
  /** Peers end their associations in the moment we do: these go a little later, and it lays a trap for each (`close_action`). */
  laysTraps = false;
  /** Commands are taken and not answered. */
  silent = false;
  /** Each answer goes out byte by byte. */
  slow = false;
  /** Goes out before each answer to a registered client. */
  chatter: { readonly name: string; readonly message: ViciInput } | undefined;
  /** Initiated connections whose peer does not answer. */
  readonly deaf = new Set<string>();
  /** Connections that it does not take. */
  readonly refused = new Set<string>();
  /** Sent in place of the next answer. */
  garbage: Buffer | undefined;
  #server: Server | undefined;
  readonly #clients = new Set<Socket>();
  readonly #ending = new Set<number>();
  #count = 0;
  #since = 1;

  constructor(socket: string) {
    this.socket = socket;
  }

  async start(): Promise<void> {
    this.#server = createServer((client) => this.#serve(client));
    this.#server.listen(this.socket);
    await once(this.#server, 'listening');
  }

  /** It forgets everything, as a process that ends. */
  async stop(): Promise<void> {
    this.connections.clear();
    this.keys.clear();
    this.sas = [];
    this.traps = [];
    this.#since += 1;
    for (const client of this.#clients) client.destroy();
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.close();
    await once(server, 'close');
  }

  hangUp(): void {
    for (const client of this.#clients) client.destroy();
  }

  #serve(client: Socket): void {
    this.#clients.add(client);
    client.on('close', () => this.#clients.delete(client));
    client.on('error', () => undefined);
    const reader = new PacketReader();
    const registered = new Set<string>();
    client.on('data', (chunk) => {
      for (const body of reader.push(chunk)) {
        const { type, name, message } = decodePacket(body);
        if (this.silent) continue;
        if (type === 'register' || type === 'unregister') {
          if (type === 'register') registered.add(name);
          else registered.delete(name);
          this.#send(client, encodePacket(/^(list|log|ike|child)/.test(name) ? 'confirm' : 'unknownEvent', ''));
          continue;
        }
        this.asked.push(name);
        if (this.chatter && registered.has(this.chatter.name))
          this.#send(client, encodePacket('event', this.chatter.name, this.chatter.message));
        const answer = this.#answer(name, message, (event, what) => {
          if (registered.has(event)) this.#send(client, encodePacket('event', event, what));
        });
        this.#send(client, this.garbage ?? encodePacket(answer ? 'response' : 'unknownCommand', '', answer));
        this.garbage = undefined;
      }
    });
  }

  #send(client: Socket, bytes: Buffer): void {
    if (!this.slow) client.write(bytes);
    else for (const byte of bytes) client.write(Buffer.of(byte));
  }

  #answer(
    name: string,
    message: ViciSection,
    tell: (event: string, message: ViciInput) => void,
  ): ViciInput | undefined {
    const refuse = (errmsg: string): ViciInput => ({ success: false, errmsg });
    const done: ViciInput = { success: true };
    switch (name) {
      case 'version':
        return { daemon: 'charon', version: '5.9.8' };
      case 'stats': {
        const plugins = ['nonce', 'openssl', 'kdf', 'pem', 'pkcs1', 'pkcs8', 'pubkey', 'kernel-netlink'];
        return { uptime: { since: `start ${this.#since}` }, plugins: [...plugins, 'socket-default', 'vici'] };
      }
      case 'load-conn': {
        const [[connection, body] = ['', '']] = Object.entries(message);
        if (typeof body === 'string' || Array.isArray(body) || this.refused.has(connection)) return refuse('invalid');
        this.connections.set(connection, body as ViciSection);
        return done;
      }
      case 'unload-conn':
        return this.connections.delete(text(message.name)) ? done : refuse('not found');
      case 'list-conns':
        for (const connection of this.connections.keys()) tell('list-conn', { [connection]: { version: 'IKEv2' } });
        return {};
      case 'load-key': {
        const id = `key${text(message.data).length}-${this.keys.size}`;
        this.keys.add(id);
        return { ...done, id };
      }
      case 'get-keys':
        return { keys: [...this.keys] };
      case 'unload-key':
        return this.keys.delete(text(message.id)) ? done : refuse('not found');
      case 'load-shared':
        return done;
      case 'initiate': {
        const [connection, child] = [text(message.ike), text(message.child)];
        const children = this.connections.get(connection)?.children as ViciSection | undefined;
        if (!children?.[child]) return refuse(`CHILD_SA config '${child}' not found`);
        this.#count += 1;
        this.sas.push({ ike: this.#count, connection, child });
        return done;
      }
      case 'terminate': {
        const ike = Number(text(message['ike-id']));
        const ended = this.sas.filter((one) => one.ike === ike);
        if (this.laysTraps) this.#ending.add(ike);
        else this.sas = this.sas.filter((one) => one.ike !== ike);
        return ended.length > 0 ? done : refuse('no matching SAs to terminate found');
      }
      case 'list-sas':
        for (const sa of this.sas) tell('list-sa', this.#describe(sa));
        return {};
      case 'list-policies':
        for (const { ike, child } of this.traps)
          tell('list-policy', { [`${ike}/${child}`]: { child, ike, mode: 'TUNNEL' } });
        this.#endLate();
        return {};
      case 'uninstall': {
        const [ike, child] = [text(message.ike), text(message.child)];
        const before = this.traps.length;
        this.traps = this.traps.filter((one) => one.ike !== ike || one.child !== child);
        return this.traps.length < before ? done : refuse(`policy '${child}' not found`);
      }
      default:
        return undefined;
    }
  }

  #endLate(): void {
    const ended = this.sas.filter(({ ike }) => this.#ending.has(ike));
    this.sas = this.sas.filter(({ ike }) => !this.#ending.has(ike));
    this.traps.push(...ended.map(({ connection, child }) => ({ ike: connection, child })));
    this.#ending.clear();
  }

  #describe({ ike, connection, child }: FakeSa): ViciInput {
    const children = this.connections.get(connection)?.children as Record<string, ViciSection> | undefined;
    const { local_ts = [], remote_ts = [] } = (children?.[child] ?? {}) as Record<string, string[]>;
    const sa = { name: child, uniqueid: ike, state: 'INSTALLED', 'install-time': 30, 'bytes-in': 5, 'bytes-out': 7 };
    const selectors = { 'local-ts': local_ts, 'remote-ts': remote_ts };
    if (this.deaf.has(connection)) return { [connection]: { uniqueid: ike, state: 'CONNECTING', 'child-sas': {} } };
    const children_ = { [`${child}-${ike}`]: { ...sa, ...selectors } };
    return { [connection]: { uniqueid: ike, state: 'ESTABLISHED', established: 60, 'child-sas': children_ } };
  }
}

function text(value: ViciValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
