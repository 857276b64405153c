// Pure: finds a path in a client's tree (metadata reference, section 9).
import { elementName, isList, isMap, TreeList, type TreeMap, type TreeValue } from './tree-values.ts';

/** The value at the path, or undefined. A path that leads nowhere is tried once more in lower case. */
export function lookup(tree: TreeMap, steps: readonly string[]): TreeValue | undefined {
  const found = walk(tree, steps);
  if (found !== undefined) return found;
  const lower = steps.map((step) => step.toLowerCase());
  return lower.every((step, at) => step === steps[at]) ? undefined : walk(tree, lower);
}

function walk(tree: TreeMap, steps: readonly string[]): TreeValue | undefined {
  let value: TreeValue | undefined = tree;
  for (const step of steps) {
    if (value === undefined) return undefined;
    if (isList(value)) value = element(value, step);
    else if (isMap(value)) value = Object.hasOwn(value, step) ? value[step] : undefined;
    else return undefined; // a scalar or null in the middle of a path
  }
  return value;
}

/** A number is an index and nothing else; other steps are names. */
function element(list: readonly TreeValue[] | TreeList, step: string): TreeValue | undefined {
  const index = parseIndex(step);
  if (index !== undefined) return index < 0n || index >= list.length ? undefined : list.at(Number(index));
  if (list instanceof TreeList) return list.named(step);
  return list.find((one) => isMap(one) && (one.name === step || one.uuid === step || elementName(one) === step));
}

const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];

/** A signed 64-bit decimal; what does not fit is a name. */
function parseIndex(step: string): bigint | undefined {
  if (!/^[+-]?\d{1,30}$/.test(step)) return undefined;
  const value = BigInt(step.replace('+', ''));
  return value >= least && value <= most ? value : undefined;
}
