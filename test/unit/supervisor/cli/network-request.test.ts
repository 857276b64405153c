import t from 'tap';
import { renderError } from '../../../../daemons/shared/model/errors.ts';
import { parseCommand } from '../../../../daemons/supervisor/cli/command.ts';
import { command } from '../../../../daemons/supervisor/cli/network-create.ts';
import { networkRequest } from '../../../../daemons/supervisor/cli/network-request.ts';

function request(...argv: string[]): unknown {
  const args = parseCommand(command.spec, argv);
  if (args === 'help') throw new Error('no help was asked for');
  return networkRequest(args);
}

t.test('what was not said is left to the daemon', async (t) => {
  t.same(request('back', '--subnet', '10.50.0.0/16'), { name: 'back', subnet: '10.50.0.0/16' });
});

t.test('every option has its key', async (t) => {
  const words =
    '--flat --driver none --mtu 1400 --vni 77 --subnet6 fd77::/56 --block6 64 --direct --no-host-ports --block 25';
  t.same(request('back', '--subnet=10.50.0.0/16', ...words.split(' ')), {
    name: 'back',
    subnet: '10.50.0.0/16',
    block: 25,
    blocks: 'none',
    driver: 'none',
    mtu: 1400,
    vni: 77,
    subnet6: 'fd77::/56',
    block6: 64,
    direct: true,
    hostPorts: false,
  });
});

t.test('a missing subnet and a number that is none', async (t) => {
  for (const [argv, line] of [
    [['back'], 'USAGE: create a network without a subnet. Give it one'],
    [['back', '--subnet', '10.0.0.0/8', '--vni', 'x'], 'USAGE: use "x" as --vni'],
  ] as const) {
    try {
      request(...argv);
      t.fail(line);
    } catch (error) {
      t.match(renderError(error), line);
    }
  }
});
