import t from 'tap';
import { parseEnvironment, parsePath, parseVerb, verbs } from '../../../../cni-plugins/shared/environment.ts';
import { CniError } from '../../../../cni-plugins/shared/errors.ts';

const good = {
  CNI_CONTAINERID: '0123456789ab',
  CNI_IFNAME: 'eth0',
  CNI_NETNS: '/run/netns/x',
  CNI_PATH: '/opt/cni/bin:relative:/usr/lib/cni',
  CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web',
};

function codeAndText(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof CniError ? `${error.cniCode} ${error.message}` : String(error);
  }
  return 'accepted';
}

t.test('verbs', async (t) => {
  for (const verb of verbs) t.equal(parseVerb({ CNI_COMMAND: verb }), verb);
  for (const CNI_COMMAND of ['status', 'add', 'ADD ', 'constructor']) {
    t.equal(
      codeAndText(() => parseVerb({ CNI_COMMAND })),
      `4 CNI_COMMAND is "${CNI_COMMAND}"`,
    );
  }
  t.equal(
    codeAndText(() => parseVerb({})),
    '4 CNI_COMMAND is missing',
  );
});

t.test('a whole environment', async (t) => {
  t.same(parseEnvironment(good, 'ADD'), {
    verb: 'ADD',
    containerId: '0123456789ab',
    ifname: 'eth0',
    netns: '/run/netns/x',
    args: { IgnoreUnknown: '1', K8S_POD_NAME: 'web' },
    hostNetns: false,
    path: ['/opt/cni/bin', '/usr/lib/cni'],
  });
  for (const CNI_NETNS_OVERRIDE of ['1', 'true', 'TRUE']) {
    t.equal(parseEnvironment({ ...good, CNI_NETNS_OVERRIDE }, 'ADD').hostNetns, true);
  }
  t.equal(parseEnvironment({ ...good, CNI_NETNS_OVERRIDE: '0' }, 'ADD').hostNetns, false);
  t.equal(parseEnvironment({ ...good, CNI_NETNS: undefined, CNI_ARGS: undefined }, 'DEL').netns, '');
});

t.test('verbs about a network need CNI_PATH alone', async (t) => {
  t.same(parsePath({ CNI_PATH: '/opt/cni/bin:x' }, 'GC'), ['/opt/cni/bin']);
  t.equal(
    codeAndText(() => parsePath({}, 'STATUS')),
    '4 STATUS needs CNI_PATH',
  );
  t.equal(parsePath({ CNI_PATH: '/a:'.repeat(1000) }, 'GC').length, 64);
});

t.test('each missing variable is named', async (t) => {
  const rows: [string[], 'ADD' | 'DEL' | 'CHECK', string][] = [
    [['CNI_CONTAINERID'], 'ADD', '4 ADD needs CNI_CONTAINERID'],
    [['CNI_IFNAME'], 'CHECK', '4 CHECK needs CNI_IFNAME'],
    [['CNI_PATH'], 'DEL', '4 DEL needs CNI_PATH'],
    [['CNI_NETNS'], 'ADD', '4 ADD needs CNI_NETNS'],
    [['CNI_NETNS'], 'CHECK', '4 CHECK needs CNI_NETNS'],
    [['CNI_NETNS', 'CNI_IFNAME'], 'ADD', '4 ADD needs CNI_IFNAME, CNI_NETNS'],
  ];
  for (const [names, verb, want] of rows) {
    for (const value of [undefined, '']) {
      const env = { ...good, ...Object.fromEntries(names.map((name) => [name, value])) };
      t.equal(
        codeAndText(() => parseEnvironment(env, verb)),
        want,
      );
    }
  }
});

t.test('hostile values are refused before they reach a path or a device', async (t) => {
  const rows: [keyof typeof good, string][] = [
    ['CNI_CONTAINERID', '../../etc/passwd'],
    ['CNI_CONTAINERID', '-rf'],
    ['CNI_CONTAINERID', 'a/b'],
    ['CNI_CONTAINERID', 'a\nb'],
    ['CNI_CONTAINERID', 'ä'],
    ['CNI_CONTAINERID', 'a'.repeat(161)],
    ['CNI_IFNAME', '.'],
    ['CNI_IFNAME', '..'],
    ['CNI_IFNAME', 'a/b'],
    ['CNI_IFNAME', 'a:b'],
    ['CNI_IFNAME', 'a b'],
    ['CNI_IFNAME', 'a\tb'],
    ['CNI_IFNAME', 'a\u0000b'],
    ['CNI_IFNAME', 'sixteencharacter'],
    ['CNI_NETNS', 'relative/path'],
    ['CNI_NETNS', '/a\u0000b'],
    ['CNI_NETNS', `/${'a'.repeat(4096)}`],
  ];
  for (const [name, value] of rows) {
    const text = codeAndText(() => parseEnvironment({ ...good, [name]: value }, 'ADD'));
    t.match(text, new RegExp(`^4 ${name} is "`), `${name}=${JSON.stringify(value.slice(0, 40))}`);
    t.notOk(text.includes('\n') || text.includes('\0'), 'and the message stays one line');
  }
});

t.test('names at their limits', async (t) => {
  for (const CNI_CONTAINERID of ['a', '0', 'a.b_c-d', 'a'.repeat(160)]) {
    t.equal(parseEnvironment({ ...good, CNI_CONTAINERID }, 'ADD').containerId, CNI_CONTAINERID);
  }
  for (const CNI_IFNAME of ['a', 'eth0.100', 'fifteencharactr', '...', 'net-1@x']) {
    t.equal(parseEnvironment({ ...good, CNI_IFNAME }, 'ADD').ifname, CNI_IFNAME);
  }
});
