import t from 'tap';
import { renderError } from '../../../../daemons/shared/model/errors.ts';
import { type CommandSpec, jsonOption, parseCommand, renderHelp } from '../../../../daemons/supervisor/cli/command.ts';

const spec: CommandSpec = {
  name: 'attach',
  positionals: ['TARGET'],
  options: {
    name: { type: 'string', value: 'NAME', help: 'name in DNS' },
    label: { type: 'string', value: 'KEY=VALUE', multiple: true, help: 'label' },
    json: jsonOption,
  },
  about: 'Gives TARGET an address.',
  example: 'corral attach x',
};

t.test('what fits is read', async (t) => {
  const args = parseCommand(spec, ['x', '--name=a', '--label', 'k=v', '--label=l=w=1', '--json', '--name', 'b']);
  if (args === 'help') throw new Error('no help was asked for');
  t.same(args.positionals, ['x']);
  t.equal(args.one('name'), 'b', 'the last one counts');
  t.same(args.all('label'), ['k=v', 'l=w=1']);
  t.equal(args.flag('json'), true);
  const bare = parseCommand(spec, ['x']);
  if (bare === 'help') throw new Error('no help was asked for');
  t.equal(bare.one('name'), undefined);
  t.same(bare.all('label'), []);
  t.equal(bare.flag('json'), false);
});

t.test('what follows -- is no option', async (t) => {
  const args = parseCommand(spec, ['--', '--json']);
  t.same(args !== 'help' && args.positionals, ['--json']);
});

t.test('help wins over what is missing', async (t) => {
  t.equal(parseCommand(spec, ['--help']), 'help');
  t.equal(parseCommand(spec, ['a', 'b', '-h']), 'help');
});

t.test('what does not fit is one line with a remedy', async (t) => {
  const cases: readonly [string[], string][] = [
    [['x', '--nmae', 'y'], 'USAGE: use the option --nmae. Did you mean --name? See corral attach --help'],
    [['x', '--quite-else'], 'USAGE: use the option --quite-else. See corral attach --help'],
    [['x', '-z'], 'USAGE: use the option -z. See corral attach --help'],
    [['x', '--name'], 'USAGE: use --name without a value. Give it one: --name NAME. See corral attach --help'],
    [
      ['x', '--name', '--json'],
      'USAGE: use --name without a value. Give it one: --name NAME. See corral attach --help',
    ],
    [['x', '--json=1'], 'USAGE: give --json the value 1. It takes none. See corral attach --help'],
    [[], 'USAGE: run attach without TARGET. Usage: corral attach TARGET [options]. See corral attach --help'],
    [['x', 'y'], 'USAGE: give attach the argument y. Usage: corral attach TARGET [options]. See corral attach --help'],
    [['x', '--__proto__'], 'USAGE: use the option --__proto__. See corral attach --help'],
    [['x', '--constructor'], 'USAGE: use the option --constructor. See corral attach --help'],
  ];
  for (const [argv, line] of cases) {
    try {
      parseCommand(spec, argv);
      t.fail(argv.join(' '));
    } catch (error) {
      t.equal(renderError(error), line);
    }
  }
});

t.test('the help shows every option and an example', async (t) => {
  t.equal(
    renderHelp(spec),
    `Usage: corral attach TARGET [options]

Gives TARGET an address.

      --name NAME        name in DNS
      --label KEY=VALUE  label (may be repeated)
      --json             answer in JSON, for programs
  -h, --help             show this help

Example:
  corral attach x
`,
  );
});

t.test('words behind -- are the program’s, and a last argument may be left out', async (t) => {
  const spec: CommandSpec = {
    name: 'lab exec',
    positionals: ['HOST', '[NAME]'],
    rest: 'CMD',
    options: { json: jsonOption },
    about: '',
    example: '',
  };
  const args = parseCommand(spec, ['h1', '--json', '--', 'ls', '--json', '-l', '--', 'x']);
  if (args === 'help') throw new Error('no help was asked for');
  t.same(args.positionals, ['h1']);
  t.same(args.rest, ['ls', '--json', '-l', '--', 'x']);
  t.equal(args.flag('json'), true);
  t.match(renderHelp(spec), 'Usage: corral lab exec HOST [NAME] [options] -- CMD...');
  t.throws(() => parseCommand(spec, ['--', 'ls']), /without HOST/);
  t.throws(() => parseCommand(spec, ['a', 'b', 'c']), /the argument c/);
  t.equal(parseCommand(spec, ['h1', '--', '--help']) === 'help', false, 'help for the program');
});
