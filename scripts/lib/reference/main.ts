// `npm run reference`: writes docs/reference.md anew.
import { writeFileSync } from 'node:fs';
import { page, renderReference } from './render.ts';

writeFileSync(page, await renderReference());
console.log(`wrote ${page}`);
