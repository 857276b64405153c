// Pure: answers from the tree form (metadata reference, section 3.1): `{version: {client address | default: tree}}`.
import type { Answers, VersionAnswers } from './answers.ts';
import { isList, isMap, type TreeMap, type TreeValue } from './tree-values.ts';

export function answersOfTree(root: TreeMap): Answers {
  const versions = new Map<string, VersionAnswers>();
  const leftOut: string[] = [];
  const hide = tokenHider();
  for (const version of Object.keys(root)) {
    const clients = root[version] ?? {};
    if (!isMap(clients)) {
      leftOut.push(`${shortened(version)}: no map of clients`);
      continue;
    }
    const trees = new Map<string, TreeMap>();
    const everybody = clients.default ?? {};
    if (!isMap(everybody)) leftOut.push(`${shortened(version)}: the default is no map`);
    const common = isMap(everybody) ? everybody : {};
    for (const address of Object.keys(clients)) {
      const own = clients[address] ?? {};
      if (address === 'default') continue;
      // One level deep: an own `self` hides the default one completely.
      if (isMap(own)) trees.set(address, hide({ ...common, ...own }, true));
      else leftOut.push(`${shortened(version)}: the answers of ${shortened(address)} are no map`);
    }
    versions.set(version, { everybody: hide(common, false), client: (address) => trees.get(address) });
  }
  return { versions, leftOut };
}

function shortened(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

/**
 * Takes tokens of services away from all who may read them, but for a client's own `self.service`. Shared parts stay shared.
 */
function tokenHider(): (tree: TreeMap, isClient: boolean) => TreeMap {
  const bare = remembering((service) => (Object.hasOwn(service, 'token') ? { ...service, token: null } : service));
  const stack = remembering((one) => within(one, { services: (list) => each(list, bare) }));
  const common = {
    services: (list: TreeValue) => each(list, bare),
    stacks: (list: TreeValue) => each(list, stack),
    environments: (list: TreeValue) => each(list, (one) => hideIn(one, false)),
  };
  const hideIn = (tree: TreeMap, isClient: boolean): TreeMap =>
    within(tree, {
      ...common,
      self: (self) =>
        isMap(self)
          ? within(self, {
              stack: (one) => (isMap(one) ? stack(one) : one),
              service: (one) => (isMap(one) && !isClient ? bare(one) : one),
            })
          : self,
    });
  return hideIn;
}

function remembering(change: (map: TreeMap) => TreeMap): (map: TreeMap) => TreeMap {
  const known = new WeakMap<TreeMap, TreeMap>();
  return (map) => {
    const made = known.get(map) ?? change(map);
    known.set(map, made);
    return made;
  };
}

/** The map with some of its values changed; the very same map if none is. */
function within(map: TreeMap, changes: Readonly<Record<string, (value: TreeValue) => TreeValue>>): TreeMap {
  const changed: Record<string, TreeValue> = {};
  for (const [key, change] of Object.entries(changes)) {
    const value = Object.hasOwn(map, key) ? map[key] : undefined;
    if (value !== undefined && value !== null) changed[key] = change(value);
  }
  return Object.keys(changed).every((key) => changed[key] === map[key]) ? map : { ...map, ...changed };
}

const lists = new WeakMap<object, Map<unknown, TreeValue>>();

/** The list with its maps changed; a list seen before gives what it gave then. */
function each(list: TreeValue, change: (map: TreeMap) => TreeMap): TreeValue {
  if (!Array.isArray(list)) return isMap(list) && !isList(list) ? change(list) : list;
  const byChange = lists.get(list) ?? new Map<unknown, TreeValue>();
  lists.set(list, byChange);
  const made = byChange.get(change) ?? list.map((one: TreeValue) => (isMap(one) ? change(one) : one));
  byChange.set(change, made);
  return made;
}
