// Elements without markup: whatever a container calls itself stays text. (The policy of the page forbids anything else.)

/** @typedef {Node | string | null | false} Child */

/**
 * @param {string} tag with classes: `span.name.quiet`
 * @param {Record<string, string> | null} attributes
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = null, ...children) {
  const [name = 'div', ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
  for (const child of children) if (child !== null && child !== false) element.append(child);
  return element;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element ${id}`);
  return element;
}

/**
 * The one element below another that a selector names.
 * @param {Element} parent
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function within(parent, selector) {
  const element = parent.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`nothing is ${selector}`);
  return element;
}

/**
 * Writes a text only where it is another, so that nothing is announced or selected anew.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** What an element was made from, to leave it alone while that is the same. @type {WeakMap<Element, string>} */
const madeFrom = new WeakMap();

/**
 * Makes the children of `parent` stand for `items`, in this order. Elements of items that are as before stay what they are.
 * @template T
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf unique among the items
 * @param {(item: T) => HTMLElement} make
 */
export function show(parent, items, keyOf, make) {
  /** @type {Map<string, Element>} */
  const old = new Map();
  for (const child of parent.children) old.set(child.getAttribute('data-key') ?? '', child);
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const text = JSON.stringify(item);
    const known = old.get(key);
    old.delete(key);
    /** @type {Element} */
    let element;
    if (known && madeFrom.get(known) === text) element = known;
    else {
      element = make(item);
      element.setAttribute('data-key', key);
      madeFrom.set(element, text);
      if (known) {
        if (known === at) at = element;
        known.replaceWith(element);
      }
    }
    if (element === at) at = element.nextElementSibling;
    else parent.insertBefore(element, at);
  }
  for (const rest of old.values()) rest.remove();
}
