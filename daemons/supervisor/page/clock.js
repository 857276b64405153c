// The host's time, as its beats tell it, and texts that grow older by themselves.
import { clock, duration } from './format.js';

let ahead = 0;

/** The host's time, ms since the epoch. */
export function now() {
  return Date.now() + ahead;
}

/** @param {number} time of the host at this moment */
export function setNow(time) {
  ahead = time - Date.now();
}

/**
 * An element that tells how long ago something was.
 * @param {number} since ms since the epoch
 * @param {'ago' | 'since'} form
 */
export function age(since, form = 'ago') {
  const element = document.createElement('time');
  element.dateTime = new Date(since).toISOString();
  element.dataset.since = String(since);
  element.dataset.form = form;
  write(element);
  return element;
}

/** @param {HTMLTimeElement} element */
function write(element) {
  const since = Number(element.dataset.since);
  const text = duration(now() - since);
  const told = element.dataset.form === 'since' ? `since ${clock(since, now())} · ${text}` : text;
  if (element.textContent !== told) element.textContent = told;
}

export function tick() {
  for (const element of document.querySelectorAll('time')) write(element);
}
