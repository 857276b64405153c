// Whose view a question is asked from: `--from` is an address or the name of a container.
import { SuiteError } from '../../shared/model/errors.ts';
import { parseIpv4 } from '../../shared/model/ipv4.ts';
import { MetadataClient } from '../../shared/source/metadata.ts';

/** The address itself, or the one that metadata knows for the container. */
export async function addressOf(from: string, metadataSocket: string): Promise<string> {
  if (parseIpv4(from) !== undefined) return from;
  const path = `/latest/containers/${encodeURIComponent(from)}/primary_ip`;
  const address = await new MetadataClient(metadataSocket).value<unknown>(path);
  if (typeof address === 'string' && parseIpv4(address) !== undefined) return address;
  throw new SuiteError('NAME_NOT_FOUND', `find the address of the container ${from}`, {
    hint: 'corral get containers lists them',
  });
}
