// Pure: the answer to a request of a known caller, headers and body, byte for byte as clients of the original expect them.
import { type Ip, renderIp } from '../shared/model/ip.ts';
import type { ContainerObject } from '../shared/model/objects.ts';
import { AnswerLayer } from './answer-layer.ts';
import type { Catalog, View } from './catalog.ts';
import type { Reads } from './dependents.ts';
import { entityTag } from './entity-tag.ts';
import { type Format, negotiate } from './http-accept.ts';
import { parseTarget, type Target } from './http-target.ts';
import { Sight } from './sight.ts';
import { Tokens } from './tokens.ts';
import { VersionTree } from './tree.ts';
import { lookup } from './tree-lookup.ts';
import { jsonPieces, renderJson, textPieces } from './tree-render.ts';
import type { TreeMap, TreeValue } from './tree-values.ts';
import { type TreeVersion, treeVersions } from './tree-versions.ts';
import { renderYaml, yamlPieces } from './tree-yaml.ts';

export interface Answer {
  readonly status: number;
  /** Name, value, name, value, … */
  readonly headers: readonly string[];
  /** ETag of the content. */
  readonly tag?: string | undefined;
  /** A short body as text of one character (latin1) a byte, which leaves in one write with the headers; a long one in parts. */
  readonly content: string | readonly Buffer[];
  /** Bytes. */
  readonly length: number;
  readonly body: Buffer;
}

/** An answer that is still to be rendered, in pieces. */
export interface Draft {
  readonly status: number;
  /** Without the length, which is known at the end. */
  readonly headers: readonly string[];
  /** In place of `headers` when the body turns out to be empty. */
  readonly emptyHeaders: readonly string[];
  readonly pieces: Iterator<string>;
}

export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly accept: string | undefined;
  /** The container that asks; undefined for everybody else. */
  readonly self: ContainerObject | undefined;
  /** Its address, for answers that a file has for it. */
  readonly from?: string | undefined;
}

export type ValueTarget = Extract<Target, { kind: 'value' }>;

const shortLength = 16 * 1024;
const textType = 'text/plain; charset=utf-8';
const allowAll = ['Access-Control-Allow-Origin', '*'];

export class Trees {
  readonly #trees = new Map<TreeVersion, VersionTree>();
  readonly #byName: ReadonlyMap<string, VersionTree>;
  readonly #sight: Sight;
  /** A file's answers. */
  readonly layer = new AnswerLayer();

  constructor(catalog: Catalog, tokens = new Tokens()) {
    this.#sight = new Sight(catalog);
    const treeOf = (version: TreeVersion): VersionTree => {
      const tree = this.#trees.get(version) ?? new VersionTree(catalog, this.#sight, version, tokens);
      this.#trees.set(version, tree);
      return tree;
    };
    this.#byName = new Map([...treeVersions].map(([name, version]) => [name, treeOf(version)]));
  }

  knows(version: string): boolean {
    return (!this.layer.isAlone && this.#byName.has(version)) || this.layer.knows(version);
  }

  /** `latest` is always one, even of no other. */
  get versions(): string[] {
    return [...new Set([...(this.layer.isAlone ? ['latest'] : this.#byName.keys()), ...this.layer.versions])];
  }

  /** Does work that looks at the trees, noting in `reads` on what its outcome depends; `view` is a pinned catalog. */
  noting<T>(reads: Reads, work: () => T, view?: View): T {
    return this.#sight.during(reads, work, view);
  }

  find({ version, steps }: ValueTarget, self: ContainerObject | undefined, from?: string): TreeValue | undefined {
    const base = this.#byName.get(version)?.clientTree(self);
    const tree = this.layer.over(base, version, from, self !== undefined);
    return tree && lookup(tree, steps);
  }
}

/** The address of a caller for whom a file has answers of its own; undefined for everybody else. */
export function fromOf({ layer }: Trees, caller: Ip | undefined): string | undefined {
  if (caller === undefined || layer.isEmpty) return undefined;
  const address = renderIp(caller);
  return layer.hasClient(address) ? address : undefined;
}

export function answer(trees: Trees, asked: Asked): Answer {
  const draft = draftAnswer(trees, asked);
  let text = '';
  for (let next = draft.pieces.next(); !next.done; next = draft.pieces.next()) text += next.value;
  return finishAnswer(draft, [Buffer.from(text)]);
}

/** The answer with its body, which may be in several parts. */
export function finishAnswer(draft: Draft, parts: readonly Buffer[]): Answer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const headers = length === 0 ? draft.emptyHeaders : draft.headers;
  const tag = draft.status === 200 ? entityTag(parts, length) : undefined;
  const content = length <= shortLength ? Buffer.concat(parts).toString('latin1') : parts;
  return {
    status: draft.status,
    headers: [...headers, ...(tag === undefined ? [] : ['ETag', tag]), 'Content-Length', String(length)],
    tag,
    content,
    length,
    get body() {
      return typeof content === 'string' ? Buffer.from(content, 'latin1') : Buffer.concat(content);
    },
  };
}

/** What the answer will be; the target is looked up now, the value rendered as the pieces are taken. */
export function draftAnswer(trees: Trees, asked: Asked, target: Target = parseTarget(asked.target)): Draft {
  if (target.kind === 'bad') return plain(400, '400 Bad Request');
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return plain(404, '404 page not found\n');
  switch (target.kind) {
    case 'redirect':
      return whole(301, ['Location', target.location], '');
    case 'nothing':
      return plain(404, '404 page not found\n');
    case 'versions':
      return draftValue(versionsTree(trees), negotiate(asked.accept));
    case 'value':
      return draftTarget(trees, target, asked);
    default: {
      const never: never = target;
      return never;
    }
  }
}

function draftTarget(trees: Trees, target: ValueTarget, asked: Pick<Asked, 'accept' | 'self' | 'from'>): Draft {
  const format = negotiate(asked.accept);
  // Without any version `latest` is still one, with nothing in it.
  if (!trees.knows(target.version) && target.version !== 'latest') return notFound('Invalid version', format);
  const value = trees.find(target, asked.self, asked.from);
  return value === undefined ? notFound('Not found', format) : draftValue(value, format);
}

function versionsTree(trees: Trees): TreeMap {
  return Object.fromEntries(trees.versions.map((name) => [name, `/${name}`]));
}

function draftValue(value: TreeValue, format: Format): Draft {
  if (format === 'json') return drafted(200, typed('application/json'), jsonPieces(value));
  if (format === 'yaml') return drafted(200, typed('application/yaml'), yamlPieces(value));
  return { ...drafted(200, typed(textType), textPieces(value)), emptyHeaders: [...allowAll, ...noSniff] };
}

const noSniff = ['X-Content-Type-Options', 'nosniff'];

function typed(type: string): string[] {
  return ['Content-Type', type, ...noSniff, ...allowAll];
}

function notFound(message: string, format: Format): Draft {
  if (format === 'text') return whole(404, typed(textType), `${message}\n`);
  const error = { code: 404, message, type: 'error' };
  if (format === 'yaml') return whole(404, typed('application/yaml'), `${renderYaml(error)}\n`);
  return whole(404, typed('application/json'), `${renderJson(error)}\n`);
}

/** What does not come from the data has no CORS header. */
function plain(status: number, text: string): Draft {
  return whole(status, ['Content-Type', textType, ...noSniff], text);
}

function whole(status: number, headers: readonly string[], text: string): Draft {
  return drafted(status, headers, [text][Symbol.iterator]());
}

function drafted(status: number, headers: readonly string[], pieces: Iterator<string>): Draft {
  return { status, headers, emptyHeaders: headers, pieces };
}
