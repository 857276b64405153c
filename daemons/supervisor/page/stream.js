// The connection to the supervisor. It comes back by itself; while it is away the page says so, and since when.

/** @typedef {import('../web/view-types.ts').View} View */

const silenceMs = 15_000;
const retryMs = 3_000;

/**
 * @param {{
 *   onView: (sections: Partial<View>) => void,
 *   onBeat: (time: number) => void,
 *   onState: (state: 'live' | 'away') => void,
 * }} listener
 */
export function openStream(listener) {
  let filter = '';
  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(lost, silenceMs);
    listener.onState('live');
  };
  const lost = () => {
    listener.onState('away');
    source?.close();
    clearTimeout(timer);
    timer = setTimeout(connect, retryMs);
  };
  const connect = () => {
    source?.close();
    const current = new EventSource(`v1/stream?filter=${encodeURIComponent(filter)}`);
    source = current;
    current.addEventListener('view', (event) => {
      if (current !== source) return;
      heard();
      listener.onView(JSON.parse(event.data));
    });
    current.addEventListener('beat', (event) => {
      if (current !== source) return;
      heard();
      listener.onBeat(Number(event.data));
    });
    current.addEventListener('error', () => {
      if (current === source) lost();
    });
    clearTimeout(timer);
    timer = setTimeout(lost, silenceMs);
  };
  connect();
  return {
    /** @param {string} words */
    filterBy(words) {
      if (words === filter) return;
      filter = words;
      connect();
    },
  };
}
