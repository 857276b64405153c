// The support archive: what was collected, without secrets, packed.
import { gzipSync } from 'node:zlib';
import { readTextIfPresent } from '../../shared/effects/files.ts';
import { parseYaml } from '../../shared/effects/yaml.ts';
import type { Paths } from '../../shared/model/paths.ts';
import { secretFiles } from '../secret-files.ts';
import { collect, type Item } from './collect.ts';
import { redactLines, redactText, redactValue, secretWords } from './redact.ts';
import { type TarEntry, writeTar } from './tar.ts';

export interface Bundle {
  /** A gzipped tar. */
  readonly bytes: Buffer;
  /** Paths inside it, without its folder. */
  readonly paths: readonly string[];
}

/**
 * @param folder the one folder that everything in the archive lies in
 * @param more findings to add, as JSON or text
 */
export async function makeBundle(paths: Paths, folder: string, more: readonly Item[]): Promise<Bundle> {
  const config = readConfig(paths);
  const files = secretFiles(paths, config.data).flatMap((path) => readQuietly(path) ?? []);
  const known = secretWords(config.data, files);
  const items = [...more, config.item, ...(await collect(paths))];
  const clean = items.map(({ path, kind, text }) => ({
    path: redactText(path, known),
    text: cleaned({ path, kind, text }, known),
  }));
  const index = { path: 'README.txt', text: describe(clean) };
  const entries = [index, ...clean].map(
    ({ path, text }): TarEntry => ({ path: `${folder}/${path}`.slice(0, 100), text }),
  );
  return {
    bytes: gzipSync(writeTar(entries, Math.floor(Date.now() / 1_000))),
    paths: entries.map(({ path }) => path.slice(folder.length + 1)),
  };
}

function cleaned({ kind, text }: Item, known: readonly string[]): string {
  if (kind === 'lines') return redactLines(text, known);
  if (kind === 'text') return redactText(text, known);
  try {
    return `${JSON.stringify(redactValue(JSON.parse(text), known), undefined, 1)}\n`;
  } catch {
    return redactText(text, known);
  }
}

/** As data, so that comments, which may say anything, stay here. A file that cannot be read as such is not given away at all. */
function readConfig({ config }: Paths): { data: unknown; item: Item } {
  const text = readQuietly(config);
  if (text === undefined) return { data: {}, item: { path: 'config.json', kind: 'json', text: '{}' } };
  try {
    const data = parseYaml(text, config);
    return { data, item: { path: 'config.json', kind: 'json', text: JSON.stringify(data ?? {}) } };
  } catch (error) {
    return { data: {}, item: { path: 'config.failed', kind: 'text', text: `${(error as Error).message}\n` } };
  }
}

function readQuietly(path: string): string | undefined {
  try {
    return readTextIfPresent(path);
  } catch {
    return undefined;
  }
}

function describe(items: readonly { readonly path: string; readonly text: string }[]): string {
  const rows = items.map(({ path, text }) => `${String(Buffer.byteLength(text)).padStart(9)}  ${path}`);
  return [
    'State of a host that runs Corral, made by corral bundle.',
    'Keys, passwords, tokens and values under names that mean such were replaced by [removed]. Addresses, names of containers and',
    'hosts, labels and rules are in it: look it through before you give it away.',
    '',
    ...rows,
    '',
  ].join('\n');
}
