// Pure: what the supervisor keeps of an object. A host with 100,000 containers to know of pays for what is shown, and what labels
// and metadata may hold (a password, often enough) never comes near a browser.
import type { SnapshotObject } from '../shared/model/objects.ts';

const none = Object.freeze({});
const nothing: readonly never[] = Object.freeze([]);

export function trim(object: SnapshotObject): SnapshotObject {
  switch (object.kind) {
    case 'container':
      return { ...object, labels: none, links: none, externalId: null, mac: null, dns: nothing, dnsSearch: nothing };
    case 'service': {
      const { lbConfig: _config, healthCheck: _check, ...rest } = object;
      return { ...rest, labels: none, metadata: none, links: none, ports: nothing, expose: nothing };
    }
    case 'network': {
      const { cniConfig: _config, ...rest } = object;
      return rest;
    }
    case 'host':
      return { ...object, labels: none };
    default:
      return object;
  }
}
