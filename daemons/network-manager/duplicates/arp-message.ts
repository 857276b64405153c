// Pure: ARP for IPv4 over Ethernet (RFC 826): hardware type 1, protocol 0x0800, lengths 6 and 4, operation, then sender and target.
import { type Ipv4, ipv4Bytes, ipv4FromBytes } from '../../shared/model/ipv4.ts';
import { type Mac, macBytes, macFromBytes } from '../../shared/model/mac.ts';

const length = 28;
const prefix = Uint8Array.of(0, 1, 8, 0, 6, 4);
const request = 1;

/** Who says that he has which address. */
export interface ArpSender {
  readonly mac: Mac;
  readonly ip: Ipv4;
}

/** undefined for what is no such message, and for a probe, which claims nothing (RFC 5227: its sender's address is 0.0.0.0). */
export function senderOf(message: Uint8Array): ArpSender | undefined {
  if (message.length < length || prefix.some((byte, at) => message[at] !== byte)) return undefined;
  const mac = macFromBytes(message.subarray(8, 14));
  const ip = ipv4FromBytes(message.subarray(14, 18));
  return mac === undefined || !ip ? undefined : { mac, ip };
}

/** Whose address a question is about; undefined for what is no question, or one about the asker's own address. */
export function targetOf(message: Uint8Array): Ipv4 | undefined {
  const sender = senderOf(message);
  const target = sender && message[7] === request ? ipv4FromBytes(message.subarray(24, 28)) : undefined;
  return target === undefined || target === sender?.ip ? undefined : target;
}

/** Asks who has an address, without claiming one. */
export function renderProbe(asker: Mac, ip: Ipv4): Uint8Array {
  return render(asker, 0 as Ipv4, ip);
}

/** Tells everybody who has an address. */
export function renderAnnouncement({ mac, ip }: ArpSender): Uint8Array {
  return render(mac, ip, ip);
}

function render(mac: Mac, sender: Ipv4, target: Ipv4): Uint8Array {
  const message = new Uint8Array(length);
  message.set(prefix);
  message.set([0, request], 6);
  message.set(macBytes(mac), 8);
  message.set(ipv4Bytes(sender), 14);
  message.set(ipv4Bytes(target), 24);
  return message;
}
