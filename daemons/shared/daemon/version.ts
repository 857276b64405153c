// The version of this checkout or release, read once from package.json.
import { readFileSync } from 'node:fs';
import { packageFile } from './installation.ts';

export const version: string = JSON.parse(readFileSync(packageFile, 'utf8')).version;
