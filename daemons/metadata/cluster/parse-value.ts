// Pure: the value of a key, whatever the key is about.
import type { ShareText } from '../../shared/model/parse-record.ts';
import { type NetworkPlan, parsePlan } from '../derive-networks.ts';
import type { Place } from './keys.ts';
import {
  parseAddress,
  parseAlive,
  parseBlock,
  parseContainer,
  parseDeclared,
  parseHostValue,
  parseTunnel,
} from './values.ts';

/** Throws if it is not well-formed. */
export function parseValue(place: Exclude<Place, { at: 'cluster' }>, text: string, share?: ShareText): unknown {
  switch (place.at) {
    case 'info':
      return parseHostValue(text, place.host);
    case 'tunnel':
      return parseTunnel(text, place.host);
    case 'container':
      return parseContainer(text, place, share);
    case 'alive':
      return parseAlive(text);
    case 'block':
      return { ...parseBlock(text), network: place.network, cidr: place.cidr };
    case 'address':
      return { ...parseAddress(text), network: place.network, ip: place.ip };
    case 'network':
      return planNamed(text, place.name);
    case 'declared':
      return { ...parseDeclared(text), section: place.section, name: place.name };
    default: {
      const never: never = place;
      return never;
    }
  }
}

function planNamed(text: string, name: string): NetworkPlan {
  const plan = parsePlan(text);
  if (plan?.name !== name) throw new RangeError(`network ${name} is not well-formed`);
  return plan;
}
