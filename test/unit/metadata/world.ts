// The fixture of the metadata reference's worked examples, in objects of our snapshot: environment `default`, host node-1,
// stack Web with Front, its sidekick Logger and db, and a container without a stack.
import { Trees } from '../../../daemons/metadata/answer.ts';
import { Catalog } from '../../../daemons/metadata/catalog.ts';
import type { Revision } from '../../../daemons/metadata/state.ts';
import { Tokens } from '../../../daemons/metadata/tokens.ts';
import { keyOf, type SnapshotObject } from '../../../daemons/shared/model/objects.ts';
import { changeBetween, noChange, objectsOf, Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { clusterId, container, host, hostId, idOf, service } from '../../fixtures/records.ts';

const inWeb = { stackId: 'st-1', stackName: 'Web' };

export const webFront = container(1, {
  name: 'Web-Front-1',
  ips: ['10.42.1.10'],
  ports: ['0.0.0.0:8080:80/tcp', '192.0.2.11:8443:443/tcp', '0.0.0.0:9000:9000/tcp'],
  labels: { 'a.b': '1' },
  health: 'healthy',
  ...inWeb,
  serviceId: 'sv-1',
  serviceName: 'Front',
  serviceIndex: '1',
});
export const webDb = container(2, {
  name: 'Web-db-1',
  ips: ['10.42.1.12'],
  ...inWeb,
  serviceId: 'sv-2',
  serviceName: 'db',
  serviceIndex: '1',
});
export const solo = container(3, { name: 'solo', ips: ['10.42.1.13'] });

export const worldObjects: readonly SnapshotObject[] = [
  { kind: 'environment', id: clusterId, name: 'default' },
  host(),
  { kind: 'stack', id: 'st-1', name: 'Web', system: false },
  service({
    id: 'sv-1',
    name: 'Front',
    sidekicks: ['Logger'],
    containerIds: [idOf(1)],
    links: { 'Web/db': 'MyDB' },
    ports: ['8080:80/tcp'],
    scale: 2,
    metadata: {
      greeting: 'a & b <c>',
      n: 1.5,
      nul: null,
      t: true,
      list: ['x', ['y'], { k: 'v' }, { name: 'nm' }],
      'Mixed Key/slash': 'ok',
    },
  }),
  service({
    id: 'sv-1-log',
    uuid: 'sv-1',
    name: 'Logger',
    primaryServiceName: 'Front',
    sidekicks: ['Logger'],
    scale: 2,
  }),
  service({ id: 'sv-2', name: 'db', containerIds: [idOf(2)] }),
  webFront,
  webDb,
  solo,
];

/** A catalog that follows whatever set of objects it is given. */
export class World {
  readonly catalog = new Catalog(hostId);
  readonly trees: Trees;
  snapshot = Snapshot.empty(hostId);
  /** The last change. */
  revision: Revision = { snapshot: this.snapshot, change: noChange, before: this.snapshot };

  constructor(objects: Iterable<SnapshotObject> = worldObjects, tokens = new Tokens()) {
    this.trees = new Trees(this.catalog, tokens);
    this.become(objects);
  }

  become(objects: Iterable<SnapshotObject>): void {
    const before = this.snapshot;
    const have = new Map([...objectsOf(before)].map((object) => [keyOf(object), object] as const));
    const want = new Map([...objects].map((object) => [keyOf(object), object] as const));
    const change = changeBetween(have, want);
    this.snapshot = before.apply(change, { revision: before.revision + 1, complete: true });
    this.revision = { snapshot: this.snapshot, change, before };
    this.catalog.update(this.revision);
  }

  /** As this world, with some objects put in or (by key) taken out. */
  change(put: readonly SnapshotObject[], drop: readonly string[] = []): void {
    const all = new Map([...objectsOf(this.snapshot)].map((object) => [keyOf(object) as string, object]));
    for (const object of put) all.set(keyOf(object), object);
    for (const key of drop) all.delete(key);
    this.become(all.values());
  }
}
