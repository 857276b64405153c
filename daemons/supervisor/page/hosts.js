// A card for each host: whether it answers, how fast, and how many containers it has.
import { age } from './clock.js';
import { h } from './dom.js';
import { latency, plural } from './format.js';

/** @typedef {import('../web/view-types.ts').HostView} HostView */

/** @type {Record<HostView['state'], string>} */
const words = {
  well: 'answers',
  part: 'answers in part',
  lost: 'no answer',
  gone: 'gone',
  declared: 'declared',
};

/** @param {HostView} host */
export function makeHost(host) {
  const { name, address, isSelf, state, since, rttMs, blocks } = host;
  const isLost = state === 'lost' || state === 'gone';
  return h(
    `li.card.${isLost ? 'bad' : state === 'part' ? 'warn' : 'well'}`,
    null,
    h('div.top', null, h('h3', null, name), h('span.state', null, isSelf ? 'this host' : words[state])),
    h('p.mono.quiet', null, address ?? 'no address'),
    since !== null && h('p.since', null, 'for ', age(since)),
    h('p.figures', null, !isSelf && !isLost && rttMs !== null && h('span', null, latency(rttMs)), crewOf(host)),
    crewBar(host),
    blocks.length > 0 && h('p.mono.quiet.small', null, blocks.join(' ')),
  );
}

/** @param {HostView} host */
function crewOf({ running, unwell, stopped }) {
  const all = running + unwell + stopped;
  const notes = [unwell > 0 ? `${unwell} not well` : '', stopped > 0 ? `${stopped} stopped` : ''].filter(Boolean);
  return h('span', null, plural(all, 'container'), notes.length > 0 && `, ${notes.join(', ')}`);
}

/**
 * The containers as cells, as long as there are few; the words beside say the same.
 * @param {HostView} host
 */
function crewBar({ running, unwell, stopped }) {
  const all = running + unwell + stopped;
  const bar = h('div.crew', { 'aria-hidden': 'true' });
  const scale = Math.max(1, all / 40);
  for (const [count, kind] of /** @type {const} */ ([
    [unwell, 'bad'],
    [running, 'well'],
    [stopped, 'off'],
  ])) {
    for (let cell = 0; cell < Math.ceil(count / scale); cell += 1) bar.append(h(`i.${kind}`));
  }
  return bar;
}
