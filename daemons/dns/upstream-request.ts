// Pure: the question as it goes to an upstream, and whether a reply belongs to it. The client's OPT is not passed on: cookies,
// subnets and sizes concern two neighbours only; ours says what we can take, and the client's wish for DNSSEC.
import { flag, headerBytes } from './dns-codes.ts';
import { encodeOpt } from './encode-reply.ts';
import type { Query } from './query.ts';
import { type ReplyShape, readReply } from './read-reply.ts';

/** The message to send; `id` must be unpredictable (RFC 5452). */
export function upstreamRequest(query: Query, id: number): Uint8Array {
  const opt = query.edns ? encodeOpt(query, 0) : new Uint8Array(0);
  const message = new Uint8Array(headerBytes + query.question.length + opt.length);
  const view = new DataView(message.buffer);
  view.setUint16(0, id);
  view.setUint16(2, query.flags & (flag.RD | flag.AD | flag.CD));
  view.setUint16(4, 1);
  view.setUint16(10, query.edns ? 1 : 0);
  message.set(query.question, headerBytes);
  message.set(opt, headerBytes + query.question.length);
  return message;
}

/** The shape of a reply to this very request; undefined for anything else, which is to be ignored, not believed. */
export function matchReply(query: Query, id: number, message: Uint8Array): ReplyShape | undefined {
  const shape = readReply(message);
  if (!shape || shape.id !== id) return undefined;
  const { name, type, class: inClass } = shape.question;
  return name === query.name && type === query.type && inClass === query.class ? shape : undefined;
}
