// Whose view a question is asked from: `--from` is an address or the name of a container.
import { SuiteError } from '../../shared/model/errors.ts';
import { parseIpv4 } from '../../shared/model/ipv4.ts';
import { answerError, callRaw } from '../../shared/source/call.ts';

/** The address itself, or the one that metadata knows for the container. */
export async function addressOf(from: string, metadataSocket: string): Promise<string> {
  if (parseIpv4(from) !== undefined) return from;
  const path = `/v1/tree/latest/containers/${encodeURIComponent(from)}/primary_ip`;
  const answer = await callRaw(metadataSocket, path, { headers: { accept: 'text/plain' } });
  if (answer.status >= 400 && answer.status !== 404) throw answerError(answer, `find the container ${from}`);
  const address = answer.text.trim();
  if (answer.status === 404 || parseIpv4(address) === undefined) {
    throw new SuiteError('NAME_NOT_FOUND', `find the address of the container ${from}`, {
      hint: 'corral get containers lists them',
    });
  }
  return address;
}
