import t from 'tap';
import { renderResolvConf } from '../../../../daemons/network-manager/attachments/resolv-conf.ts';

const nameserver = '169.254.169.250';
const usual = {
  nameserver,
  search: { domains: ['front.web.rancher.internal', 'web.rancher.internal', 'rancher.internal'], last: false },
};
const last = { nameserver, search: { domains: ['a.b', 'c'], last: true } };
const short = { nameserver, search: { domains: ['a.b', 'c'], last: false } };

const cases: [string, typeof usual, string, string][] = [
  [
    'the example of the reference',
    usual,
    'search example.com\nnameserver 10.0.2.3\noptions ndots:0\n',
    'search front.web.rancher.internal web.rancher.internal rancher.internal example.com\n# nameserver 10.0.2.3\noptions ndots:0\nnameserver 169.254.169.250\n',
  ],
  ['an empty file', short, '', `search a.b c\nnameserver ${nameserver}\n`],
  ['no end of line', short, 'nameserver 10.0.0.1', `# nameserver 10.0.0.1\nsearch a.b c\nnameserver ${nameserver}\n`],
  ['service_last', last, 'search x y\n', `search x y a.b c\nnameserver ${nameserver}\n`],
  ['service_last behind blanks', last, 'search x\t \n', `search x a.b c\nnameserver ${nameserver}\n`],
  ['one domain is missing', short, `search c\nnameserver ${nameserver}\n`, `search a.b c\nnameserver ${nameserver}\n`],
  ['a longer word is not the domain', short, 'search x.a.b.c\n', `search a.b c x.a.b.c\nnameserver ${nameserver}\n`],
  [
    'the same domain in capitals',
    short,
    `search A.B C\nnameserver ${nameserver}\n`,
    `search A.B C\nnameserver ${nameserver}\n`,
  ],
  [
    'tabs',
    short,
    'search\tx\nnameserver\t10.0.0.1\n',
    `search a.b c\tx\n# nameserver\t10.0.0.1\nnameserver ${nameserver}\n`,
  ],
  [
    'words that only begin alike',
    short,
    'searchfoo x\nnameserverx 1\n',
    `searchfoo x\nnameserverx 1\nsearch a.b c\nnameserver ${nameserver}\n`,
  ],
  [
    'a comment that holds the address',
    short,
    `# nameserver ${nameserver}\n; ${nameserver}\nsearch a.b c\n`,
    `# nameserver ${nameserver}\n; ${nameserver}\nsearch a.b c\nnameserver ${nameserver}\n`,
  ],
  [
    'an address that only begins alike',
    short,
    `nameserver ${nameserver}1\nsearch a.b c\n`,
    `# nameserver ${nameserver}1\nsearch a.b c\nnameserver ${nameserver}\n`,
  ],
  [
    'a keyword after a blank is none',
    short,
    ' nameserver 1.1.1.1\n',
    ` nameserver 1.1.1.1\nsearch a.b c\nnameserver ${nameserver}\n`,
  ],
  [
    'lines that end in CR',
    short,
    'search x\r\nnameserver 10.0.0.1\r\n',
    `search a.b c x\r\n# nameserver 10.0.0.1\r\nnameserver ${nameserver}\n`,
  ],
  ['CR and service_last', last, 'search x\r\n', `search x a.b c\r\nnameserver ${nameserver}\n`],
  [
    'domain without search',
    short,
    'domain corp.example\n',
    `domain corp.example\nsearch a.b c corp.example\nnameserver ${nameserver}\n`,
  ],
  [
    'domain, service_last',
    last,
    'domain corp.example\n',
    `domain corp.example\nsearch corp.example a.b c\nnameserver ${nameserver}\n`,
  ],
  ['a bare search', short, 'search\n', `search a.b c\nnameserver ${nameserver}\n`],
  [
    'several nameservers',
    short,
    'nameserver 1.1.1.1\nnameserver 127.0.0.11\nsearch c a.b\n',
    `# nameserver 1.1.1.1\n# nameserver 127.0.0.11\nsearch c a.b\nnameserver ${nameserver}\n`,
  ],
  [
    'blank lines and options stay',
    short,
    '\noptions timeout:1\n\nsearch a.b c\n',
    `\noptions timeout:1\n\nsearch a.b c\nnameserver ${nameserver}\n`,
  ],
];

for (const [name, want, have, expected] of cases) {
  t.test(name, async (t) => {
    t.equal(renderResolvConf(have, want), expected);
    let text = expected;
    for (let run = 0; run < 100; run += 1) text = renderResolvConf(text, want);
    t.equal(text, expected, 'a hundred more runs change nothing');
  });
}

t.test('a file that is as it should be stays byte for byte', async (t) => {
  const text = `search a.b c\nnameserver ${nameserver}`;
  t.equal(renderResolvConf(text, short), text);
});

t.test('our address of the other family goes', async (t) => {
  const search = { domains: ['rancher.internal'], last: false };
  const [four, six] = ['169.254.169.250', 'fd00:a9fe:a9fe::250'];
  const first = renderResolvConf('nameserver 192.0.2.53\n', { nameserver: four, former: six, search });
  t.equal(first, '# nameserver 192.0.2.53\nsearch rancher.internal\nnameserver 169.254.169.250\n');
  const second = renderResolvConf(first, { nameserver: six, former: four, search });
  t.equal(second, '# nameserver 192.0.2.53\nsearch rancher.internal\nnameserver fd00:a9fe:a9fe::250\n');
  t.equal(renderResolvConf(second, { nameserver: six, former: four, search }), second);
});
