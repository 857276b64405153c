import { readFileSync } from 'node:fs';
import t from 'tap';
import { version } from '../../../../daemons/shared/daemon/version.ts';

t.equal(version, JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')).version);
