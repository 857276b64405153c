// Tells people what the derivation had to decide for them: labels that it refused, names that several containers bear.
import type { DaemonContext } from '../shared/daemon/life.ts';
import { type ContainerObject, kinds } from '../shared/model/objects.ts';
import { splitKey } from '../shared/model/snapshot.ts';
import { first } from './first.ts';
import { NameConflicts } from './name-conflicts.ts';
import type { Revision, State } from './state.ts';

/** Log lines of each sort in the life of the process; health and metrics tell the rest. */
const maxLines = 100;
const shownNames = 5;

export function reportDerivation(state: State, { health, log, metrics }: DaemonContext): void {
  const conflicts = new NameConflicts();
  const told = new Set<string>();
  const sayOnce = (event: string, subject: string, fields: object, text: string): void => {
    if (told.size >= 2 * maxLines || told.has(`${event} ${subject}`)) return;
    told.add(`${event} ${subject}`);
    log.warn({ event, ...fields }, text);
  };
  for (const kind of kinds) {
    const plural = kind === 'container' ? 'Containers' : `Objects of kind ${kind}`;
    metrics.gauge(`corral_metadata_objects_${kind}`, `${plural} in the snapshot`, () => state.snapshot.count(kind));
  }
  metrics.gauge('corral_metadata_revision', 'Revision of the snapshot', () => state.snapshot.revision);
  metrics.gauge('corral_metadata_name_conflicts', 'Container names with several bearers', () => conflicts.names.size);
  const { refused } = state.derivation;
  metrics.gauge(
    'corral_metadata_labels_refused',
    'Containers whose stack or service labels are refused',
    () => refused.size,
  );
  health.set('names', { ok: true, text: 'container names are distinct' });
  state.onRevision((revision) => {
    let changed = false;
    for (const [before, after] of containersOf(revision)) {
      const name = conflicts.update(before, after);
      if (name !== undefined)
        sayOnce('name.conflict', name, { name }, 'several containers bear this name; a local one comes first');
      const refusal = after && refused.get(after.id);
      if (refusal) sayOnce('labels.refused', refusal.id, refusal, 'labels refused: the container is in no stack');
      changed = true;
    }
    if (changed) sayConflicts(health, conflicts);
  });
}

function sayConflicts(health: DaemonContext['health'], { names }: NameConflicts): void {
  const list = first(names, shownNames).map((name) => JSON.stringify(name.slice(0, 64)));
  const text = `${names.size} container names have several bearers: ${list.join(', ')}`;
  if (names.size === 0) health.set('names', { ok: true, text: 'container names are distinct' });
  else health.set('names', { ok: false, degradesOnly: true, code: 'NAME_INVALID', text });
}

function* containersOf({
  snapshot,
  change,
  before,
}: Revision): Generator<[ContainerObject | undefined, ContainerObject | undefined]> {
  for (const object of change.put) {
    if (object.kind === 'container') yield [before.get('container', object.id), snapshot.get('container', object.id)];
  }
  for (const key of change.drop) {
    const { kind, id } = splitKey(key);
    if (kind === 'container') yield [before.get('container', id), undefined];
  }
}
