// Pure: the numbers of DNS that this daemon knows by name (IANA's registry of DNS parameters).

export const rrType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  DS: 43,
  RRSIG: 46,
  DNSKEY: 48,
  SVCB: 64,
  HTTPS: 65,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;

export const classIn = 1;

export const rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

/** Bits of the header's second 16-bit word (RFC 1035 section 4.1.1, RFC 4035 section 3.2). */
export const flag = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, AD: 0x0020, CD: 0x0010 } as const;

export const headerBytes = 12;

const typeNames = new Map<number, string>(Object.entries(rrType).map(([name, code]) => [code, name]));
const rcodeNames = new Map<number, string>(Object.entries(rcode).map(([name, code]) => [code, name]));

/** `A`, or `TYPE65280` for a number without a name here (RFC 3597 section 5). */
export function typeName(code: number): string {
  return typeNames.get(code) ?? `TYPE${code}`;
}

/** The number of a type given as `AAAA`, `aaaa` or `TYPE28`; undefined if it is none. */
export function parseType(text: string): number | undefined {
  const upper = text.toUpperCase();
  if (Object.hasOwn(rrType, upper)) return rrType[upper as keyof typeof rrType];
  const generic = /^TYPE(\d{1,5})$/.exec(upper);
  return generic && Number(generic[1]) <= 0xffff ? Number(generic[1]) : undefined;
}

export function rcodeName(code: number): string {
  return rcodeNames.get(code) ?? `RCODE${code}`;
}

/** A name for metric labels: a bounded set, since the number comes from the client. */
export function typeLabel(code: number): string {
  return typeNames.get(code) ?? 'other';
}

/** Types that ask for more, or for something other, than records of one type: 0, OPT, and the range 128 to 255 (RFC 6895). */
export function isMetaType(code: number): boolean {
  return code === 0 || code === rrType.OPT || (code >= 128 && code <= 255);
}
