// The README's examples, run as they stand there.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { type Machine, makeMachine, routerAddress, startEngine } from './support/machine.ts';
import { startResolver } from './support/resolver.ts';
import { repository, startSuite } from './support/suite.ts';

const blocks = [...readFileSync(`${repository}/README.md`, 'utf8').matchAll(/^```sh\n(.*?)^```/gms)].map(
  (match) => match[1]!,
);

/** What a reader expects to see after a line. */
const expected: [RegExp, RegExp][] = [
  [/ip address show eth0/, /inet 10\.42\./],
  [/self\/container\/name/, /^web-1$/m],
  [/nslookup web\.shop/, /Address.*10\.42\./],
  [/corral status/, /metadata\s+ready/],
  [/corral attach/, /10\.42\./],
  [/ip route/, /^default via 10\.42\.0\.1/m],
  [/corral resolve/, /10\.42\./],
];

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('the README’s examples work', { timeout: 120_000 }, async (t) => {
    const machine = await makeMachine(t);
    await startResolver(t, machine, routerAddress);
    await startEngine(machine);
    await startSuite(machine);
    const examples = blocks.filter((block) => /docker run|corral attach/.test(block));
    t.equal(examples.length, 2, 'a container by Docker and a bare namespace');
    for (const line of examples.flatMap((block) => block.trim().split('\n'))) {
      const pattern = expected.find(([command]) => command.test(line))?.[1];
      t.match(await said(machine, line, pattern), pattern ?? /^/, line);
    }
  });

/** Lines are typed by hand, so a line that looks at a fresh container may come a moment too early here: it is tried again. */
async function said(machine: Machine, line: string, pattern: RegExp | undefined): Promise<string> {
  if (!pattern || /attach|docker run/.test(line)) return machine.sh(line, { cwd: repository });
  let last = '';
  await until(3_000, `${line}: ${pattern}`, () => {
    try {
      last = machine.sh(line, { cwd: repository });
    } catch (error) {
      last = String(error);
    }
    return pattern.test(last);
  });
  return last;
}
