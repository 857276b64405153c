import t from 'tap';
import { metadataPath } from '../../../../daemons/supervisor/cli/metadata-path.ts';

const cases: readonly [string, string][] = [
  ['self/host', '/latest/self/host'],
  ['/self/host/', '/latest/self/host/'],
  ['latest/self', '/latest/self'],
  ['2016-07-29/self', '/2016-07-29/self'],
  ['/', '/latest/'],
  ['containers/a b?c#d', '/latest/containers/a%20b%3Fc%23d'],
  ['services/front/links/web%2Fdb', '/latest/services/front/links/web%2Fdb'],
  ['services/front/metadata/Mixed+Key', '/latest/services/front/metadata/Mixed+Key'],
  ['100%', '/latest/100%25'],
  ['2016/self', '/latest/2016/self'],
];
for (const [typed, path] of cases) t.equal(metadataPath(typed), path, typed);
