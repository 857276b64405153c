// The last latencies of each tunnel, as a small line. Kept in this page alone, so it begins when the page is opened.

const most = 40;
const [width, height] = [64, 18];
/** @type {Map<string, (number | null)[]>} */
const history = new Map();

/**
 * @param {string} key
 * @param {number | null} value null: no answer
 */
export function note(key, value) {
  const values = history.get(key) ?? [];
  history.set(key, values);
  if (values.at(-1) === value) return;
  values.push(value);
  if (values.length > most) values.shift();
}

/**
 * Forgets what is no longer there.
 * @param {ReadonlySet<string>} keys
 */
export function keepOnly(keys) {
  for (const key of history.keys()) if (!keys.has(key)) history.delete(key);
}

/** @param {string} key */
export function spark(key) {
  const values = history.get(key) ?? [];
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${width} ${height}`,
    'aria-hidden': 'true',
    class: 'spark',
  }))
    svg.setAttribute(name, value);
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', pathOf(values));
  svg.append(path);
  return svg;
}

/** @param {readonly (number | null)[]} values */
function pathOf(values) {
  const top = Math.max(...values.map((value) => value ?? 0), 0.001);
  const step = width / (most - 1);
  let isDown = true;
  let path = '';
  for (const [at, value] of values.entries()) {
    if (value === null) {
      isDown = true;
      continue;
    }
    const x = (most - values.length + at) * step;
    const y = height - 2 - (value / top) * (height - 4);
    path += `${isDown ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    isDown = false;
  }
  return path;
}
