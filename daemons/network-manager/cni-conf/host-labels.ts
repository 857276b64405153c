// Pure: values of a CNI configuration that depend on the host: `__host_label__: NAME` stands for the host's label NAME.
import { isObject, type JsonObject } from '../../../cni-plugins/shared/json.ts';
import type { Labels } from '../../shared/model/objects.ts';

const keyword = '__host_label__';

/** A copy with every such text replaced, in objects and lists at any depth; a label that the host lacks is the empty text. */
export function withHostLabels(config: JsonObject, labels: Labels): JsonObject {
  return replace(config, labels) as JsonObject;
}

function replace(value: unknown, labels: Labels): unknown {
  if (typeof value === 'string') return value.startsWith(keyword) ? labelOf(value, labels) : value;
  if (Array.isArray(value)) return value.map((item) => replace(item, labels));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replace(item, labels)]));
}

function labelOf(text: string, labels: Labels): string {
  const colon = text.indexOf(':');
  const name = colon < 0 ? '' : text.slice(colon + 1).trim();
  return Object.hasOwn(labels, name) ? labels[name]! : '';
}
