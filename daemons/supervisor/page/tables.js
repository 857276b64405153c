// The lists of containers, services, ports, tunnels, networks and daemons: each a table that becomes a list on a narrow screen.
import { age } from './clock.js';
import { h, say, show, within } from './dom.js';
import { latency, megabytes, plural } from './format.js';
import { spark } from './spark.js';

/** @typedef {import('../web/view-types.ts').View} View */
/** @typedef {import('./dom.js').Child} Child */

/**
 * @template T
 * @typedef {object} Table
 * @property {string[]} columns
 * @property {string} nothing what is said when there is none
 * @property {(item: T) => string} keyOf
 * @property {(item: T) => Child[]} cells one for each column
 * @property {(item: T) => string} [kind] class of the row
 */

/** @param {string} state @param {string} kind */
const pill = (state, kind) => h(`span.pill.${kind}`, null, state);
/** @param {string} text */
const mono = (text) => h('span.mono', null, text);
/** @param {string} text */
const figure = (text) => h('span.figure', null, text);
/** @param {readonly string[]} texts */
const stack = (texts) => texts.length > 0 && h('span.stack', null, ...texts.map(mono));

/** @param {number} count */
const more = (count) => count > 0 && h('span.quiet.small', null, ` and ${count.toLocaleString('en')} more`);

/** @type {Table<View['containers']['shown'][number]>} */
export const containers = {
  columns: ['Name', 'Address', 'Service', 'Ports', 'Host', 'State'],
  nothing: 'No containers. Corral attaches those of Docker and Podman, and what corral attach names.',
  keyOf: ({ id }) => id,
  kind: ({ level }) => level,
  cells: ({ name, ips, network, service, ports, host, state, level }) => [
    h('strong', null, name),
    h('span', null, stack(ips), network !== null && network !== 'corral' && h('span.quiet.small', null, ` ${network}`)),
    service,
    stack(
      ports.map((port) =>
        port
          .replace(/^0\.0\.0\.0:/, '')
          .replace(/\/tcp$/, '')
          .replace(':', ' → '),
      ),
    ),
    host,
    pill(state, level === 'well' ? 'well' : level === 'unwell' ? 'bad' : 'off'),
  ],
};

/** @type {Table<View['services']['shown'][number]>} */
export const services = {
  columns: ['Service', 'Name', 'Addresses', 'Containers'],
  nothing: 'No services. The label io.rancher.stack_service.name, or Compose, makes one.',
  keyOf: ({ name }) => name,
  kind: ({ containers, well }) => (well === 0 && containers > 0 ? 'unwell' : 'well'),
  cells: ({ name, dns, addresses, containers, well }) => [
    h('strong', null, name),
    h('span.mono.name', null, dns),
    h('span', null, h('span.mono.addresses', null, addresses.join(' ')), more(containers - addresses.length)),
    well < containers ? pill(`${well} of ${containers} well`, well === 0 ? 'bad' : 'warn') : String(containers),
  ],
};

/** @type {Table<View['ports']['shown'][number]>} */
export const ports = {
  columns: ['Port', 'Container', 'Host'],
  nothing: 'No published ports.',
  keyOf: ({ host, at, protocol, container }) => `${host} ${at} ${protocol} ${container}`,
  cells: ({ host, at, protocol, container, containerPort }) => [
    mono(`${at}/${protocol}`),
    `${container}, port ${containerPort}`,
    host,
  ],
};

/** @type {Table<View['tunnels']['shown'][number]>} */
export const tunnels = {
  columns: ['To', 'Latency', 'State'],
  nothing: 'No tunnels: this host is alone.',
  keyOf: (tunnel) => keyOfTunnel(tunnel),
  kind: ({ state }) => (state === 'down' ? 'unwell' : 'well'),
  cells: (tunnel) => [
    h(
      'span',
      null,
      h('strong', null, tunnel.host),
      h('span.quiet.small', null, ` ${tunnel.network}, ${tunnel.driver}`),
    ),
    h('span.latency', null, spark(keyOfTunnel(tunnel)), latency(tunnel.state === 'up' ? tunnel.rttMs : null)),
    stateOfTunnel(tunnel),
  ],
};

/** @param {View['tunnels']['shown'][number]} tunnel */
export function keyOfTunnel({ network, address, host }) {
  return `${network} ${host} ${address}`;
}

/** @param {View['tunnels']['shown'][number]} tunnel */
function stateOfTunnel({ state, since, isTooSmall, session }) {
  if (isTooSmall) return pill('full-size packets are lost', 'warn');
  if (state === 'unknown') return pill('not probed', 'off');
  if (state === 'down')
    return h('span', null, pill('down', 'bad'), ' ', since !== null && h('span.quiet.small', null, age(since)));
  return h('span', null, pill('up', 'well'), session && h('span.quiet.small', null, ...secrecyOf(session)));
}

/** @param {NonNullable<View['tunnels']['shown'][number]['session']>} session */
function secrecyOf({ state, rekeyedAt }) {
  if (state !== 'established') return [` ${state === 'none' ? 'no keys yet' : state}`];
  return rekeyedAt === null ? [' secret'] : [' secret, keys ', age(rekeyedAt), ' old'];
}

/** @type {Table<View['networks']['shown'][number]>} */
export const networks = {
  columns: ['Network', 'Subnet', 'Containers'],
  nothing: 'No networks are known yet.',
  keyOf: ({ name }) => name,
  cells: ({ name, subnets, driver, vni, isDefault, isFlat, blocks, containers, bridge }) => [
    h(
      'span',
      null,
      h('strong', null, name),
      h('span.quiet.small', null, ` ${driver}${vni === null ? '' : ` ${vni}`}${isDefault ? ', default' : ''}`),
    ),
    h(
      'span',
      null,
      stack(subnets),
      h('span.quiet.small', null, isFlat ? 'flat' : `${plural(blocks, 'block')}, ${bridge}`),
    ),
    String(containers),
  ],
};

/** @type {Table<View['daemons'][number]>} */
export const daemons = {
  columns: ['Daemon', 'Memory', 'CPU', 'For', 'State'],
  nothing: 'No daemons.',
  keyOf: ({ name }) => name,
  kind: ({ isReady }) => (isReady ? 'well' : 'unwell'),
  cells: ({ name, memory, cpu, startedAt, state, isReady, restarts, lastEnd, wrong }) => [
    h(
      'span',
      null,
      h('strong', null, name),
      restarts > 0 &&
        h('span.quiet.small', lastEnd === null ? null : { title: lastEnd }, ` ${plural(restarts, 'restart')}`),
    ),
    figure(megabytes(memory)),
    figure(cpu === null ? '–' : `${cpu.toFixed(1)} %`),
    startedAt === null ? '–' : age(startedAt),
    h(
      'span',
      wrong.length === 0 ? null : { title: wrong.join('\n') },
      pill(state, state === 'ready' ? 'well' : isReady || state === 'starting' ? 'warn' : 'bad'),
    ),
  ],
};

/** @type {Table<View['events']['shown'][number]>} */
export const events = {
  columns: ['What', 'Ago'],
  nothing: 'Nothing has happened since the supervisor was started.',
  keyOf: ({ id }) => id,
  kind: ({ level }) => level,
  cells: ({ time, kind, name, text }) => [
    h('span', null, h('span.quiet.small', null, `${kind} `), h('strong', null, name), ` ${text}`),
    h('span.quiet.small', null, age(time)),
  ],
};

/**
 * @template T
 * @param {Element} section a `details`, or anything with a `.count`
 * @param {Table<T>} table
 * @param {readonly T[]} items
 * @param {{ matching: number, total: number }} size
 * @param {string} filter
 */
export function showTable(section, table, items, size, filter) {
  say(within(section, '.count'), countOf(size, filter));
  const body = section.querySelector('tbody') ?? makeTable(section, table);
  const frame = within(section, 'table');
  const note = within(section, 'p.more');
  frame.hidden = items.length === 0;
  const rest = size.matching - items.length;
  const empty = filter === '' ? table.nothing : 'Nothing here matches the filter.';
  say(note, items.length === 0 ? empty : rest > 0 ? `and ${rest.toLocaleString('en')} more; filter to find them` : '');
  note.hidden = note.textContent === '';
  show(body, items, table.keyOf, (item) => {
    const cells = table.cells(item);
    const kind = table.kind?.(item);
    return h(
      kind ? `tr.${kind}` : 'tr',
      { role: 'row' },
      ...cells.map((cell, at) => h('td', { role: 'cell', 'data-label': table.columns[at] ?? '' }, cell)),
    );
  });
}

/**
 * `20`, or `3 of 20` under a filter.
 * @param {{ matching: number, total: number }} size
 * @param {string} filter
 */
export function countOf({ matching, total }, filter) {
  return filter === ''
    ? total.toLocaleString('en')
    : `${matching.toLocaleString('en')} of ${total.toLocaleString('en')}`;
}

/**
 * @template T
 * @param {Element} section
 * @param {Table<T>} table
 */
function makeTable(section, table) {
  const heads = table.columns.map((name) => h('th', { role: 'columnheader', scope: 'col' }, name));
  const body = h('tbody', { role: 'rowgroup' });
  const title = within(section, 'h2').firstChild?.textContent?.trim() ?? '';
  const head = h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...heads));
  section.append(h('table', { role: 'table', 'aria-label': title }, head, body), h('p.more', { hidden: '' }));
  return body;
}
