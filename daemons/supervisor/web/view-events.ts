// Pure: what happened lately, the newest first.
import type { SuiteEvent } from '../events/event.ts';
import { type Filter, fewOf } from './few.ts';
import type { EventView, Few } from './view-types.ts';

const mostEvents = 25;

/** @param events the oldest first */
export function viewEvents(events: readonly SuiteEvent[], filter?: Filter): Few<EventView> {
  // Those of one moment keep their order, too: it is that of the list, which a stable sort leaves alone.
  return fewOf(
    events.toReversed().map(viewEvent),
    mostEvents,
    () => 0,
    filter,
    ({ name, kind, text }) => [name, kind, text],
  );
}

function viewEvent({ id, time, level, kind, name, host, text }: SuiteEvent): EventView {
  return { id, time: Date.parse(time), level, kind, name: host === null ? name : `${name} on ${host}`, text };
}
