// A scripted upstream, a process of its own: `node dns-upstream.ts ADDRESS PORT [mute|refuse|lie]`. The first label of a
// question says how it is answered; see `script`. Written with dns2, so that it shares no code with what it tests.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import dns2 from 'dns2';

const { Packet } = dns2;
const [address = '127.0.0.1', port = '53', mode = 'answer'] = process.argv.slice(2);
let asked = 0;

type Message = InstanceType<typeof Packet>;

function replyTo(query: Message): Message {
  const reply = Packet.createResponseFromRequest(query);
  reply.header.ra = 1;
  reply.header.aa = 0;
  return reply;
}

function addAddress(reply: Message, last: number, ttl: number): void {
  const name = reply.questions[0]?.name ?? '';
  reply.answers.push(
    new Packet.Resource({ name, type: Packet.TYPE.A, class: Packet.CLASS.IN, ttl, address: `192.0.2.${last}` }),
  );
}

function addSoa(reply: Message, minimum: number): void {
  reply.authorities.push(
    new Packet.Resource({
      name: 'up.test',
      type: Packet.TYPE.SOA,
      class: Packet.CLASS.IN,
      ttl: 60,
      primary: 'ns.up.test',
      admin: 'hostmaster.up.test',
      serial: 1,
      refresh: 60,
      retry: 10,
      expiration: 600,
      minimum,
    }),
  );
}

const script: Record<string, (reply: Message, transport: 'udp' | 'tcp') => void> = {
  www: (reply) => {
    if (reply.questions[0]?.type !== Packet.TYPE.A) return addSoa(reply, 30);
    addAddress(reply, 1, 100);
    addAddress(reply, 2, 50);
  },
  nx: (reply) => {
    reply.header.rcode = 3;
    addSoa(reply, 30);
  },
  servfail: (reply) => {
    reply.header.rcode = 2;
  },
  big: (reply, transport) => {
    if (transport === 'udp') reply.header.tc = 1;
    else for (let last = 1; last <= 60; last += 1) addAddress(reply, last, 100);
  },
  // Cut over UDP, and over TCP nobody answers.
  cutoff: (reply) => {
    reply.header.tc = 1;
  },
  brief: (reply) => addAddress(reply, 9, 2),
  count: (reply) => addAddress(reply, asked % 256, 0),
};

async function answer(bytes: Buffer, transport: 'udp' | 'tcp', send: (reply: Buffer) => void): Promise<void> {
  const query = Packet.parse(bytes);
  const first = query.questions[0]?.name.split('.')[0]?.toLowerCase() ?? '';
  asked += 1;
  process.stdout.write(`${transport} ${query.questions[0]?.name}\n`);
  if (mode === 'mute' || first === 'silent' || (first === 'cutoff' && transport === 'tcp')) return;
  if (first === 'slow') await sleep(900);
  const reply = replyTo(query);
  if (mode === 'refuse') reply.header.rcode = 5;
  else if (script[first]) script[first](reply, transport);
  else if (first === 'slow' || first === 'forged') addAddress(reply, 7, 100);
  else script.nx?.(reply, transport);
  if (first === 'forged') {
    const lie = Packet.parse(reply.toBuffer());
    lie.answers = [];
    addAddress(lie, 66, 100);
    const wrongId = lie.toBuffer();
    wrongId.writeUInt16BE((query.header.id + 1) & 0xffff, 0);
    send(wrongId);
    lie.questions[0]!.name = 'other.up.test';
    send(lie.toBuffer());
  }
  send(reply.toBuffer());
}

const udp = createSocket('udp4');
udp.on('message', (bytes, from) => void answer(bytes, 'udp', (reply) => udp.send(reply, from.port, from.address)));
udp.bind(Number(port), address, () => {
  createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      void answer(chunk.subarray(2), 'tcp', (reply) => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      });
    });
  }).listen(Number(port), address, () => process.stdout.write('ready\n'));
});
