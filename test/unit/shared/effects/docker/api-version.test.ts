import t from 'tap';
import { chooseApiVersion } from '../../../../../daemons/shared/effects/docker/api-version.ts';

t.test('the version that both sides know', async (t) => {
  const cases: [unknown, unknown, string | undefined][] = [
    ['1.41', '1.12', 'v1.41'],
    ['1.24', '1.12', 'v1.24'],
    ['1.51', '1.24', 'v1.51'],
    ['1.99', '1.44', 'v1.51'],
    ['1.99', '1.60', 'v1.60'],
    ['1.9', '1.1', 'v1.9'],
    ['1.41', undefined, 'v1.41'],
    ['', '1.12', undefined],
    [undefined, undefined, undefined],
    ['x/../y', '1.12', undefined],
  ];
  for (const [newest, oldest, expected] of cases)
    t.equal(chooseApiVersion({ newest, oldest }), expected, `${newest} ${oldest}`);
});
