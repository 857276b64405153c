// Tells people what the derivation had to decide for them: labels that it refused, names that several containers bear.
import type { DaemonContext } from '../shared/daemon/life.ts';
import { kinds } from '../shared/model/objects.ts';
import { splitKey } from '../shared/model/snapshot.ts';
import type { Catalog } from './catalog.ts';
import { first } from './first.ts';
import { NameConflicts } from './name-conflicts.ts';
import type { Revision, State } from './state.ts';

/** Log lines of each sort in the life of the process; health and metrics tell the rest. */
const maxLines = 100;
const shownNames = 5;

/** Follows the catalog, which takes a revision first. */
export function reportDerivation(state: State, catalog: Catalog, { health, log, metrics }: DaemonContext): void {
  const conflicts = new NameConflicts((name) => catalog.tables.container.withName(name));
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
    for (const name of namesOf(revision)) {
      if (!conflicts.look(name)) continue;
      changed = true;
      if (conflicts.names.has(name))
        sayOnce('name.conflict', name, { name }, 'several containers bear this name; a local one comes first');
    }
    if (changed) sayConflicts(health, conflicts);
    for (const { id } of refused.size > 0 ? revision.change.put : []) {
      const refusal = refused.get(id);
      if (refusal) sayOnce('labels.refused', id, refusal, 'labels refused: the container is in no stack');
    }
  });
}

function sayConflicts(health: DaemonContext['health'], { names }: NameConflicts): void {
  const list = first(names, shownNames).map((name) => JSON.stringify(name.slice(0, 64)));
  const text = `${names.size} container names have several bearers: ${list.join(', ')}`;
  if (names.size === 0) health.set('names', { ok: true, text: 'container names are distinct' });
  else health.set('names', { ok: false, degradesOnly: true, code: 'NAME_INVALID', text });
}

/** Names of containers, lower-cased, whose bearers are others than before. */
function* namesOf({ change, before }: Revision): Generator<string> {
  for (const now of change.put) {
    if (now.kind !== 'container') continue;
    const old = before.get(now.kind, now.id);
    if (old?.name === now.name && old.state === now.state) continue;
    if (old) yield old.name.toLowerCase();
    yield now.name.toLowerCase();
  }
  for (const key of change.drop) {
    const { kind, id } = splitKey(key);
    const old = kind === 'container' && before.get(kind, id);
    if (old) yield old.name.toLowerCase();
  }
}
