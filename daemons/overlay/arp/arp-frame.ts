// Pure: ARP over Ethernet for IPv4 (RFC 826): requests are read, answers written; everything else is nothing.
import { type Ipv4, ipv4Bytes, ipv4FromBytes } from '../../shared/model/ipv4.ts';
import { isUsableMac, type Mac, macBytes, macFromBytes } from '../../shared/model/mac.ts';

export interface ArpRequest {
  readonly sender: Mac;
  /** 0 for who only asks whether an address is taken (RFC 5227). */
  readonly senderIp: Ipv4;
  readonly target: Ipv4;
}

const shortest = 42;
/** A frame is filled up to this length; a longer one is no ARP of this kind. */
const longest = 64;
const ethertype = 0x0806;
/** Hardware Ethernet, protocol IPv4, lengths 6 and 4. */
const kind = Buffer.from([0, 1, 8, 0, 6, 4]);
const operations = { request: 1, reply: 2 } as const;

/** undefined for anything that is no plain request: cut, tagged, of other lengths, an answer, with two different senders. */
export function parseArpRequest(frame: Buffer): ArpRequest | undefined {
  if (frame.length < shortest || frame.length > longest) return undefined;
  if (frame.readUInt16BE(12) !== ethertype || frame.compare(kind, 0, 6, 14, 20) !== 0) return undefined;
  if (frame.readUInt16BE(20) !== operations.request) return undefined;
  const sender = macFromBytes(frame.subarray(22, 28))!;
  if (!isUsableMac(sender) || frame.compare(frame, 22, 28, 6, 12) !== 0) return undefined;
  return {
    sender,
    senderIp: ipv4FromBytes(frame.subarray(28, 32))!,
    target: ipv4FromBytes(frame.subarray(38, 42))!,
  };
}

/** Tells the asker that the target has this MAC. */
export function renderArpReply({ sender, senderIp, target }: ArpRequest, mac: Mac): Buffer {
  const frame = Buffer.alloc(shortest);
  frame.set(macBytes(sender), 0);
  frame.set(macBytes(mac), 6);
  frame.writeUInt16BE(ethertype, 12);
  frame.set(kind, 14);
  frame.writeUInt16BE(operations.reply, 20);
  frame.set(macBytes(mac), 22);
  frame.set(ipv4Bytes(target), 28);
  frame.set(macBytes(sender), 32);
  frame.set(ipv4Bytes(senderIp), 38);
  return frame;
}
