import t from 'tap';
import { parseProbe, renderProbe, shortestProbe } from '../../../../daemons/overlay/probes/message.ts';

const ask = { kind: 'ask', vni: 1042, nonce: '0123456789abcdef' } as const;

t.test('what is written is read again, in whatever length', async (t) => {
  for (const message of [ask, { ...ask, kind: 'answer' } as const, { ...ask, vni: 2 ** 24 - 1 }]) {
    for (const length of [undefined, 0, 20, 1_422, 8_922]) t.same(parseProbe(renderProbe(message, length)), message);
  }
  t.equal(renderProbe(ask).length, shortestProbe);
  t.equal(renderProbe(ask, 1_422).length, 1_422);
  t.equal(renderProbe(ask, 1e9).length, 65_507, 'no more than a datagram holds');
  t.equal(renderProbe(ask).toString('hex'), '43525042010100000000041201234567 89abcdef'.replace(' ', ''));
});

t.test('anything else is nothing', async (t) => {
  const good = renderProbe(ask);
  t.equal(parseProbe(Buffer.alloc(0)), undefined);
  t.equal(parseProbe(good.subarray(0, 19)), undefined, 'cut');
  for (const [at, what] of [
    [0, 'magic'],
    [4, 'version'],
    [5, 'kind'],
  ] as const) {
    const bytes = Buffer.from(good);
    bytes[at] = 9;
    t.equal(parseProbe(bytes), undefined, what);
  }
  for (let length = 0; length < 200; length += 1) {
    t.doesNotThrow(() => parseProbe(Buffer.from(Array.from({ length }, (_, at) => (at * 37 + length) & 255))));
  }
});
