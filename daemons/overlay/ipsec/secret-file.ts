// The secret that all hosts share, for compatibility with others' IPsec alone: whoever has it can pose as any host.
import { statSync } from 'node:fs';
import { readText } from '../../shared/effects/files.ts';
import { SuiteError } from '../../shared/model/errors.ts';

const othersBits = 0o077;
/** 128 bits in hexadecimal digits, as the original made them. */
const leastBytes = 32;
const mostBytes = 4_096;

/** @throws SuiteError KEY_UNUSABLE, FILE_UNREADABLE; no error quotes it */
export function readSecret(path: string): Buffer {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat && (stat.mode & othersBits) !== 0) {
    throw new SuiteError('KEY_UNUSABLE', `use the secret in ${path}: others than its owner can read or write it`, {
      hint: `chmod 600 ${path}, and make another secret if somebody may have read it`,
    });
  }
  const secret = Buffer.from(readText(path, mostBytes).trim());
  if (secret.length >= leastBytes) return secret;
  throw new SuiteError('KEY_UNUSABLE', `use the secret in ${path}: shorter than ${leastBytes} bytes`, {
    hint: 'openssl rand -hex 32 makes one',
  });
}
