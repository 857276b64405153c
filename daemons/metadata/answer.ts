// Pure: the answer to a request of a known caller, headers and body, byte for byte as clients of the original expect them.
import type { ContainerObject } from '../shared/model/objects.ts';
import type { Catalog } from './catalog.ts';
import { type Format, negotiate } from './http-accept.ts';
import { parseTarget, type Target } from './http-target.ts';
import { VersionTree } from './tree.ts';
import { lookup } from './tree-lookup.ts';
import { renderJson, renderText } from './tree-render.ts';
import type { TreeMap, TreeValue } from './tree-values.ts';
import { type TreeVersion, treeVersions } from './tree-versions.ts';
import { renderYaml } from './tree-yaml.ts';

export interface Answer {
  readonly status: number;
  /** Name, value, name, value, … */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly accept: string | undefined;
  /** The container that asks; undefined for everybody else. */
  readonly self: ContainerObject | undefined;
}

export type ValueTarget = Extract<Target, { kind: 'value' }>;

const textType = 'text/plain; charset=utf-8';
const allowAll = ['Access-Control-Allow-Origin', '*'];

export class Trees {
  readonly #trees = new Map<TreeVersion, VersionTree>();
  readonly #byName: ReadonlyMap<string, VersionTree>;

  constructor(catalog: Catalog) {
    const treeOf = (version: TreeVersion): VersionTree => {
      const tree = this.#trees.get(version) ?? new VersionTree(catalog, version);
      this.#trees.set(version, tree);
      return tree;
    };
    this.#byName = new Map([...treeVersions].map(([name, version]) => [name, treeOf(version)]));
  }

  knows(version: string): boolean {
    return this.#byName.has(version);
  }

  find(target: ValueTarget, self: ContainerObject | undefined): TreeValue | undefined {
    const tree = this.#byName.get(target.version)?.clientTree(self);
    return tree && lookup(tree, target.steps);
  }
}

export function answer(trees: Trees, asked: Asked): Answer {
  const target = parseTarget(asked.target);
  if (target.kind === 'bad') return plain(400, '400 Bad Request');
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return plain(404, '404 page not found\n');
  switch (target.kind) {
    case 'redirect':
      return withBody(301, ['Location', target.location], '');
    case 'nothing':
      return plain(404, '404 page not found\n');
    case 'versions':
      return answerValue(versionsTree(), negotiate(asked.accept));
    case 'value':
      return answerTarget(trees, target, asked);
    default: {
      const never: never = target;
      return never;
    }
  }
}

/** The answer for a parsed target, as a long poll gives it at its end. */
export function answerTarget(trees: Trees, target: ValueTarget, asked: Pick<Asked, 'accept' | 'self'>): Answer {
  const format = negotiate(asked.accept);
  if (!trees.knows(target.version)) return notFound('Invalid version', format);
  const value = trees.find(target, asked.self);
  return value === undefined ? notFound('Not found', format) : answerValue(value, format);
}

function versionsTree(): TreeMap {
  return Object.fromEntries([...treeVersions.keys()].map((name) => [name, `/${name}`]));
}

function answerValue(value: TreeValue, format: Format): Answer {
  if (format === 'json') return withBody(200, typed('application/json'), renderJson(value));
  if (format === 'yaml') return withBody(200, typed('application/yaml'), renderYaml(value));
  const text = renderText(value);
  return withBody(200, text === '' ? [...allowAll, ...noSniff] : typed(textType), text);
}

const noSniff = ['X-Content-Type-Options', 'nosniff'];

function typed(type: string): string[] {
  return ['Content-Type', type, ...noSniff, ...allowAll];
}

function notFound(message: string, format: Format): Answer {
  if (format === 'text') return withBody(404, typed(textType), `${message}\n`);
  const error = { code: 404, message, type: 'error' };
  if (format === 'yaml') return withBody(404, typed('application/yaml'), `${renderYaml(error)}\n`);
  return withBody(404, typed('application/json'), `${renderJson(error)}\n`);
}

/** What does not come from the data has no CORS header. */
function plain(status: number, text: string): Answer {
  return withBody(status, ['Content-Type', textType, ...noSniff], text);
}

function withBody(status: number, headers: readonly string[], text: string): Answer {
  const body = Buffer.from(text);
  return { status, headers: [...headers, 'Content-Length', String(body.length)], body };
}
