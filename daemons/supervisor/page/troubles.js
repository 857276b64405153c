// What is wrong, large and first; or that all is well.
import { age } from './clock.js';
import { h, show } from './dom.js';
import { plural } from './format.js';

/** @typedef {import('../web/view-types.ts').View} View */
/** @typedef {import('../web/view-types.ts').Trouble} Trouble */

/**
 * @param {Element} parent
 * @param {View} view
 */
export function showTroubles(parent, { troubles, suite }) {
  const rest = troubles.total - troubles.shown.length;
  /** @type {{ key: string, trouble: Trouble | null, text: string }[]} */
  const items = troubles.shown.map((trouble) => ({ key: `trouble ${trouble.title}`, trouble, text: '' }));
  if (troubles.total === 0) items.push({ key: 'well', trouble: null, text: verdictOf(suite) });
  if (rest > 0) items.push({ key: 'more', trouble: null, text: `and ${plural(rest, 'more trouble')}` });
  show(
    parent,
    items,
    ({ key }) => key,
    ({ key, trouble, text }) => {
      if (trouble) return makeTrouble(trouble);
      return key === 'well'
        ? h('p.verdict', null, h('strong', null, 'All is well'), ' ', text)
        : h('p.more', null, text);
    },
  );
}

/** @param {Trouble} trouble */
function makeTrouble({ level, title, lines, since, code, hint }) {
  return h(
    `article.trouble.${level}`,
    null,
    h('p.kind', null, level === 'bad' ? 'Failure' : 'Warning', code && h('code', null, code)),
    h('h2', null, title),
    since !== null && h('p.since', null, age(since, 'since')),
    h('ul', null, ...lines.map((line) => h('li', null, line))),
    hint !== null && h('p.hint', null, h('strong', null, 'Next: '), hint),
  );
}

/** @param {View['suite']} suite */
function verdictOf({ counts: { hosts, containersWell, tunnels }, launcher }) {
  const parts = [
    hosts > 1 ? `${plural(hosts, 'host')} ${tunnels > 0 ? 'answer' : 'are known'}` : null,
    `${plural(containersWell, 'container')} ${containersWell === 1 ? 'runs' : 'run'}`,
    launcher === 'none' ? 'daemons are watched, not started' : 'every daemon is ready',
  ];
  return parts.filter((part) => part !== null).join(', ');
}
