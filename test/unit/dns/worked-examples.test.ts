// The worked examples of the original's behaviour: two tables (support/examples/rows.ts), and what takes more than one question.
import { readFileSync } from 'node:fs';
import { mock } from 'node:test';
import t from 'tap';
import { type Bench, makeBench } from './support/examples/bench.ts';
import { clientX, d1, m1 } from './support/examples/fixtures.ts';
import { fileRows, metadataRows, one, type Row, webName } from './support/examples/rows.ts';
import { queryBytes } from './support/packets.ts';

const x = { from: clientX };

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
t.afterEach(() => mock.timers.reset());

/** Asks every row; the replies that differ. */
async function wrong(rows: readonly Row[], bench: Bench): Promise<string[]> {
  const found: string[] = [];
  for (const [number, question, want, asking = {}] of rows) {
    const got = await bench.ask(question, asking);
    if (got !== want) found.push(`${number} ${question} ${JSON.stringify(asking)}: ${got}, not ${want}`);
  }
  return found;
}

t.test('the answers file (rows 1 to 54)', async (t) => {
  t.same(await wrong(fileRows, makeBench({ answers: d1 })), []);
});

t.test('metadata (rows 101 to 119)', async (t) => {
  const bench = makeBench({ objects: m1, upstreams: { '192.0.2.53': 'good', '192.0.2.99': 'good' } });
  t.same(await wrong(metadataRows, bench), []);
});

t.test('rows with a second question or a fault', async (t) => {
  const bench = makeBench({ answers: d1 });
  await bench.ask('www.up.test A');
  bench.pass(10);
  t.equal(
    await bench.ask('WWW.up.test A'),
    'NOERROR | WWW.up.test 90 A 192.0.2.1, WWW.up.test 40 A 192.0.2.2 | ',
    '38',
  );
  t.equal(bench.asked.length, 1, '38: one entry for all spellings');
  await bench.ask('servfail.up.test A');
  await bench.ask('servfail.up.test A');
  t.equal(bench.asked.length, 2, '40: a failure is kept for a moment');
  bench.pass(5);
  await bench.ask('servfail.up.test A');
  t.equal(bench.asked.length, 3, '40: not for longer');
  t.match(
    await bench.ask('big.up.test A', { transport: 'tcp' }),
    /^NOERROR \| (big\.up\.test 100 A [\d.]+(, )?){60} \| $/,
    '42',
  );
  t.match(
    await bench.ask('big.up.test A', { edns: 4096 }),
    /^NOERROR \| (big\.up\.test 100 A [\d.]+(, )?){60} \| $/,
    '42',
  );
  t.match(
    await bench.ask('huge.rancher.internal A', { transport: 'tcp' }),
    /^NOERROR aa \| (huge\.rancher\.internal 600 A [\d.]+(, )?){2000} \| $/,
    '44',
  );
  bench.manners['192.0.2.53'] = 'silent';
  const begun = bench.clock();
  t.equal(await bench.ask('other.up.test A'), 'SERVFAIL |  | ', '47');
  t.equal(bench.clock() - begun, 1_800, '47: never 2 s');
  const both = makeBench({
    objects: m1,
    upstreams: { '192.0.2.53': 'refuses the port', '192.0.2.99': 'refuses the port' },
  });
  t.equal(
    await both.ask('extboth A', x),
    one('extboth', '203.0.113.7'),
    '109: the addresses, if the name leads nowhere',
  );
  t.same(
    both.asked.slice(0, 2),
    ['192.0.2.99:53 www.up.test 1', '192.0.2.53:53 www.up.test 1'],
    "the client's own first",
  );
});

t.test('rows about single bits', async (t) => {
  const bench = makeBench({ answers: d1 });
  const header = Buffer.from('04d201000000000000000000', 'hex');
  const two = Buffer.from(header);
  two.writeUInt16BE(2, 4);
  for (const message of [header, two]) {
    t.equal((await bench.send(message))?.toString('hex'), '04d281810000000000000000', '46: FORMERR');
  }
  const reply = await bench.send(queryBytes(webName, { edns: 4096 }));
  t.equal(reply?.subarray(-11).toString('hex'), '00002904d0000000000000', '49: an OPT comes back');
  for (const [name, rd] of [
    [webName, 0],
    ['nonexist.rancher.internal', 1],
    ['www.up.test', 1],
  ] as const) {
    const bits = (await bench.send(queryBytes(name, { rd })))?.readUInt16BE(2) ?? 0;
    t.equal(bits & 0x0100, rd * 0x0100, `50: RD as sent for ${name}`);
    t.equal(bits & 0x8000, 0x8000);
  }
});

t.test('every difference from the original is in the README, and no other', async (t) => {
  const readme = readFileSync(new URL('../../../daemons/dns/README.md', import.meta.url), 'utf8');
  const part = readme.split('## Differences from the originals\n')[1]?.split('\n## ')[0] ?? '';
  const documented = [...part.matchAll(/^\| ([a-z ]+) \| ([\d, ]+) \|/gm)].flatMap(([, word = '', numbers = '']) =>
    numbers.split(',').map((number) => `${word} ${number.trim()}`),
  );
  const marked = [...fileRows, ...metadataRows].flatMap(([number, , , , word]) =>
    word === undefined ? [] : [`${word} ${number}`],
  );
  // These have their checks outside the tables.
  const apart = ['ageing 40', 'refusals 46', 'refusals 48', 'deadline 47', 'options 49'];
  t.same([...new Set(documented)].sort(), [...new Set([...marked, ...apart])].sort());
});
