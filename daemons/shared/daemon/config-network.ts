// Pure: one network that did not come from the file, checked like one of the file.
import { SuiteError } from '../model/errors.ts';
import { parseCidr4 } from '../model/ipv4.ts';
import { parseCidr6 } from '../model/networks.ts';
import { type NetworkConfig, networkSchema } from './config-schema.ts';

/** Throws USAGE naming the field. A network made this way is never the default one. */
export function parseNetwork(value: unknown): NetworkConfig {
  const parsed = networkSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const unknown = issue.code === 'unrecognized_keys' ? ` ${issue.keys.join(', ')}` : '';
    throw refuse(issue.path.join('.') || 'the body', `${issue.message}${unknown}`);
  }
  const network = parsed.data;
  const fields = value as Record<string, unknown>;
  if (fields.name === undefined || fields.subnet === undefined) throw refuse('name and subnet', 'both are needed');
  if (network.default) throw refuse('default', 'the default network is that of the file');
  if (Object.keys(network.cniConfig).length > 0)
    throw refuse('cniConfig', 'it belongs into corral.yaml of each host, since it names programs that root runs');
  if (network.blocks === 'host' && network.block < parseCidr4(network.subnet)!.prefix)
    throw refuse('block', 'larger than the subnet');
  const six = network.subnet6 === undefined ? undefined : parseCidr6(network.subnet6);
  if (six && network.block6 < six.prefix) throw refuse('block6', 'larger than subnet6');
  return network;
}

function refuse(field: string, why: string): SuiteError {
  return new SuiteError('USAGE', `make a network: ${field}: ${why}`, { hint: 'fields are those of corral.yaml' });
}
