// Puts the view that the supervisor tells onto the page, again and again.
import { now, setNow, tick } from './clock.js';
import { byId, say, show, within } from './dom.js';
import { clock, plural } from './format.js';
import { makeHost } from './hosts.js';
import { keepOnly, note } from './spark.js';
import { openStream } from './stream.js';
import {
  containers,
  countOf,
  daemons,
  events,
  keyOfTunnel,
  networks,
  ports,
  services,
  showTable,
  tunnels,
} from './tables.js';
import { showTroubles } from './troubles.js';

/** @typedef {import('../web/view-types.ts').View} View */

/** @type {Partial<View>} */
let told = {};
/** @type {number | null} */
let awaySince = null;

const stream = openStream({
  onView(sections) {
    told = { ...told, ...sections };
    draw();
  },
  onBeat: setNow,
  onState(state) {
    if (state === 'live') awaySince = null;
    else awaySince ??= now();
    drawLink();
  },
});

function draw() {
  if (!isWhole(told)) return;
  const { suite, troubles, hosts } = told;
  const { counts, filter } = suite;
  say(byId('host'), suite.host);
  say(byId('sum'), sumOf(suite));
  say(byId('about'), `Corral ${suite.version}`);
  const first = troubles.shown[0]?.title;
  document.title = first === undefined ? `${suite.host} · Corral` : `⚠ ${first} · ${suite.host} · Corral`;
  // Beside what is seen: the ages in it change each second, which nobody wants to be told.
  say(byId('announcement'), troubles.shown.map(({ title }) => title).join(', ') || 'All is well');
  showTroubles(byId('troubles'), told);
  for (const tunnel of told.tunnels.shown) note(keyOfTunnel(tunnel), tunnel.state === 'up' ? tunnel.rttMs : null);
  if (filter === '') keepOnly(new Set(told.tunnels.shown.map(keyOfTunnel)));
  const section = byId('hosts');
  say(within(section, '.count'), countOf(hosts, filter));
  show(within(section, 'ul'), hosts.shown, ({ id }) => id, makeHost);
  const rest = hosts.matching - hosts.shown.length;
  const more = within(section, '.more');
  say(more, rest > 0 ? `and ${plural(rest, 'more host')}; ${counts.hostsWell.toLocaleString('en')} of all answer` : '');
  more.hidden = rest <= 0;
  showTable(byId('containers'), containers, told.containers.shown, told.containers, filter);
  showTable(byId('services'), services, told.services.shown, told.services, filter);
  showTable(byId('ports'), ports, told.ports.shown, told.ports, filter);
  showTable(byId('tunnels'), tunnels, told.tunnels.shown, told.tunnels, filter);
  showTable(byId('networks'), networks, told.networks.shown, told.networks, '');
  const { length } = told.daemons;
  showTable(byId('daemons'), daemons, told.daemons, { matching: length, total: length }, '');
  showTable(byId('events'), events, told.events.shown, told.events, filter);
  drawLink();
}

/**
 * The first message holds all sections.
 * @param {Partial<View>} view
 * @returns {view is View}
 */
function isWhole(view) {
  return view.suite !== undefined && view.daemons !== undefined;
}

function drawLink() {
  const link = byId('link');
  const state = awaySince === null ? 'live' : 'away';
  document.documentElement.dataset.link = state;
  say(link, awaySince === null ? 'live' : `no connection since ${clock(awaySince, now())}; what is shown is old`);
}

/** @param {View['suite']} suite */
function sumOf({ counts, store }) {
  const parts = [
    plural(counts.hosts, 'host'),
    plural(counts.containers, 'container'),
    counts.tunnels > 0 ? `${counts.tunnelsUp} of ${plural(counts.tunnels, 'tunnel')} up` : null,
    store === null ? 'store unknown' : store.kind === 'sqlite' ? 'own store' : `${store.kind} ${store.state}`,
  ];
  return parts.filter((part) => part !== null).join(' · ');
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
byId('filter').addEventListener('input', ({ target }) => {
  clearTimeout(typing);
  if (target instanceof HTMLInputElement) typing = setTimeout(() => stream.filterBy(target.value.trim()), 200);
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  byId('filter').focus();
});
// On a phone the long lists begin closed: what is lost and the hosts come first.
if (matchMedia('(max-width: 640px)').matches) {
  for (const id of ['services', 'ports', 'networks']) byId(id).removeAttribute('open');
}
setInterval(tick, 1_000);
