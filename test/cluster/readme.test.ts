// The lab's examples of the README and of docs/many-hosts.md. The README's are run as they stand there.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { commands } from '../../daemons/supervisor/cli/commands.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';

const repository = new URL('../..', import.meta.url).pathname;
const page = (path: string): string => readFileSync(`${repository}/${path}`, 'utf8');

/** What a reader expects to see after a line. */
const expected: [RegExp, RegExp][] = [
  [/lab up/, /names: 36 of 36 resolve/],
  [/ping -c 3 a3/, / 0% packet loss/],
  [/lab run/, /shop on h2: 10\.42\./],
  [/curl/, /^shop \(10\.42\.\d+\.\d+\): you come from 192\.168\.50\.1$/m],
  [/host ls/, /h3 +192\.168\.50\.13 +alive/],
  [/lab fault/, /overlay is killed/],
  [/lab status/, /names: \d+ of \d+ resolve \(each container asks for each\)$/m],
  [/lab down/, /removed/],
];

t.setTimeout(200_000);

// A reader has a checkout and runs its sources, whatever the other labs of these tests run.
const { CORRAL_LAB_COMMAND: _, ...env } = process.env;

t.test('every command that the guide and the README name is there', async (t) => {
  for (const path of ['README.md', 'docs/many-hosts.md', 'daemons/supervisor/lab/README.md']) {
    const named = [
      ...page(path).matchAll(
        /`(?:scripts\/)?corral (lab|host|network|store) ([a-z]+)|^scripts\/corral (lab|host|network|store) ([a-z]+)/gm,
      ),
    ];
    t.not(named.length, 0, path);
    for (const [line, a, b, c, d] of named) {
      const entry = commands[a ?? c ?? ''];
      t.ok(entry && 'group' in entry && Object.hasOwn(entry.group, b ?? d ?? ''), line);
    }
  }
});

if (!isRoot) t.comment('the examples need root');
else
  t.test(
    'the lab’s first minute',
    { skip: existsSync('/run/corral-lab/lab') ? 'a lab runs on this machine' : false },
    async (t) => {
      const down = (): unknown => spawnSync('scripts/corral', ['lab', 'down'], { cwd: repository });
      t.teardown(() => void down());
      const block = [...page('README.md').matchAll(/^```sh\n(.*?)^```/gms)]
        .map(([, text]) => text!)
        .find((text) => text.includes('lab up'));
      // Setup has been run by whoever runs the tests.
      const lines = (block ?? '')
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('scripts/setup'));
      t.equal(lines.length, expected.length);
      for (const line of lines) {
        const pattern = expected.find(([command]) => command.test(line))?.[1] ?? /^$/;
        let said = '';
        // A reader types more slowly than this test.
        const isOnce = /lab (up|run|fault|down)/.test(line);
        await until(isOnce ? 0 : 30_000, line, () => {
          const { stdout, stderr } = spawnSync('sh', ['-c', line], {
            env,
            cwd: repository,
            encoding: 'utf8',
            timeout: 150_000,
          });
          said = stdout + stderr;
          return isOnce || pattern.test(said);
        }).catch(() => undefined);
        t.match(said, pattern, line);
      }
    },
  );
